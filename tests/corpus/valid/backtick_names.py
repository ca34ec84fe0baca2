"""Training rules, compiled by cbdsl from backtick_names.cbr."""

import keras

from cbdsl.runtime import Improves, Rule, Stalls, float32, text, text32


class PrintOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if `top-5 accuracy` > 0.9 and `a:b` < 1 print "{`a:b`:.3f} {`a:b`}" """

    name = "backtick_names.cbr:5"
    place = "backtick_names.cbr:5"
    key = "26b7ac40bd86:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        top_5_accuracy = logs.get("top-5 accuracy")
        a_b = logs.get("a:b")
        if (
            top_5_accuracy is not None
            and top_5_accuracy > float32(0.9)
            and a_b is not None
            and a_b < 1
        ):  # backtick_names.cbr:5
            self.fired({"top-5 accuracy": top_5_accuracy, "a:b": a_b})
            self.print(f"{a_b:.3f} {text32(a_b)}")  # backtick_names.cbr:5


class PrintOnEpochEnd2(Rule, keras.callbacks.Callback):
    """on epoch_end if `step` > 3 and `{x}` > 1 and `loss` > 0 print "{`{x}`} {`step`:.1f}" """

    name = "backtick_names.cbr:6"
    place = "backtick_names.cbr:6"
    key = "0bde612dab3d:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        step2 = logs.get("step")
        _x_ = logs.get("{x}")
        loss = logs.get("loss")
        if (
            step2 is not None
            and step2 > 3
            and _x_ is not None
            and _x_ > 1
            and loss is not None
            and loss > 0
        ):  # backtick_names.cbr:6
            self.fired({"step": step2, "{x}": _x_, "loss": loss})
            self.print(f"{text32(_x_)} {step2:.1f}")  # backtick_names.cbr:6


class PrintOnEpochEnd3(Rule, keras.callbacks.Callback):
    """on epoch_end if `précision` > 0.5 or `on` > 1 print "{`top-5 accuracy`:.1%}" """

    name = "backtick_names.cbr:7"
    place = "backtick_names.cbr:7"
    key = "31ea04321aef:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        pr_cision = logs.get("précision")
        on = logs.get("on")
        top_5_accuracy = logs.get("top-5 accuracy")
        if (pr_cision is not None and pr_cision > 0.5) or (
            on is not None and on > 1
        ):  # backtick_names.cbr:7
            self.fired({"précision": pr_cision, "on": on, "top-5 accuracy": top_5_accuracy})
            self.print(text(top_5_accuracy, ".1%"))  # backtick_names.cbr:7


class PrintOnEpochEnd4(Rule, keras.callbacks.Callback):
    """on epoch_end if `top-5 accuracy` improves or `精度` improves print "better" """

    name = "backtick_names.cbr:8"
    place = "backtick_names.cbr:8"
    key = "c0cb930669a3:1"
    memory = ("top_5_accuracy_improves", "metric__improves")

    def reset(self):
        super().reset()
        self.top_5_accuracy_improves = Improves("higher")
        self.metric__improves = Improves("higher")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        top_5_accuracy = logs.get("top-5 accuracy")
        metric_ = logs.get("精度")
        self.top_5_accuracy_improves.feed(top_5_accuracy)  # backtick_names.cbr:8
        self.metric__improves.feed(metric_)  # backtick_names.cbr:8
        if (
            self.top_5_accuracy_improves.holds() or self.metric__improves.holds()
        ):  # backtick_names.cbr:8
            self.fired({"top-5 accuracy": top_5_accuracy, "精度": metric_})
            self.print("better")  # backtick_names.cbr:8


class StopOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end if `a:b` stalls for 3 epochs stop"""

    name = "backtick_names.cbr:9"
    place = "backtick_names.cbr:9"
    key = "6710b9cd34b5:1"
    memory = ("a_b_stalls",)

    def reset(self):
        super().reset()
        self.a_b_stalls = Stalls("lower")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        a_b = logs.get("a:b")
        self.a_b_stalls.observe(epoch + 1, a_b)  # backtick_names.cbr:9
        if self.a_b_stalls.holds_for(3):  # backtick_names.cbr:9
            self.fired({"a:b": a_b})
            self.stop()  # backtick_names.cbr:9
            self.a_b_stalls.restart()


def callbacks():
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        PrintOnEpochEnd(),
        PrintOnEpochEnd2(),
        PrintOnEpochEnd3(),
        PrintOnEpochEnd4(),
        StopOnEpochEnd(),
    ]
