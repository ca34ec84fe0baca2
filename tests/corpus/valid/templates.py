"""Training rules, compiled by cbdsl from templates.cbr."""

import keras

from cbdsl.runtime import Rule, listed, names, text, text32


class PrintOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end print "plain" """

    name = "templates.cbr:4"
    place = "templates.cbr:4"
    key = "fd5b5a0be835:1"

    def on_epoch_end(self, epoch, logs=None):
        self.fired({})
        self.print("plain")  # templates.cbr:4


class PrintOnEpochEnd2(Rule, keras.callbacks.Callback):
    """on epoch_end print "" """

    name = "templates.cbr:5"
    place = "templates.cbr:5"
    key = "4b89c9a52434:1"

    def on_epoch_end(self, epoch, logs=None):
        self.fired({})
        self.print("")  # templates.cbr:5


class PrintOnEpochEnd3(Rule, keras.callbacks.Callback):
    r"""on epoch_end print "a \"quoted\" text, a \\, a brace \{ and \}, a tab\tand a line\nbreak" """

    name = "templates.cbr:6"
    place = "templates.cbr:6"
    key = "1e878893597b:1"

    def on_epoch_end(self, epoch, logs=None):
        self.fired({})
        self.print(
            'a "quoted" text, a \\, a brace { and }, a tab\tand a line\nbreak'
        )  # templates.cbr:6


class PrintOnEpochEnd4(Rule, keras.callbacks.Callback):
    """on epoch_end print "{loss} {loss:.3f} {accuracy:.1%} {loss:>8.2e} {loss:+08.3f} {loss:,.2f}" """

    name = "templates.cbr:7"
    place = "templates.cbr:7"
    key = "3bebb2125fe2:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        accuracy = logs.get("accuracy")
        self.fired({"loss": loss, "accuracy": accuracy})
        self.print(
            f"{text32(loss)} {text(loss, '.3f')} {text(accuracy, '.1%')} {text(loss, '>8.2e')} {text(loss, '+08.3f')} {text(loss, ',.2f')}"
        )  # templates.cbr:7


class PrintOnEpochEnd5(Rule, keras.callbacks.Callback):
    """on epoch_end print "{loss:*^12} {loss:#.3g} {loss: } {loss:z.1f} {loss:<10} {loss:_.1f} {loss:=+9.2f}" """

    name = "templates.cbr:8"
    place = "templates.cbr:8"
    key = "ffd041b22794:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        self.fired({"loss": loss})
        self.print(
            f"{text(loss, '*^12')} {text(loss, '#.3g')} {text(loss, ' ')} {text(loss, 'z.1f')} {text(loss, '<10')} {text(loss, '_.1f')} {text(loss, '=+9.2f')}"
        )  # templates.cbr:8


class PrintOnEpochEnd6(Rule, keras.callbacks.Callback):
    """on epoch_end print "{epoch} {epoch:03d} {epoch:x} {epoch:#b} {epoch:>4} {epochs:,}" """

    name = "templates.cbr:9"
    place = "templates.cbr:9"
    key = "0540b5e0d945:1"

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        self.fired({})
        self.print(
            f"{epoch + 1} {epoch + 1:03d} {epoch + 1:x} {epoch + 1:#b} {epoch + 1:>4} {text(epochs, ',')}"
        )  # templates.cbr:9


class PrintOnEpochEnd7(Rule, keras.callbacks.Callback):
    """on epoch_end print "{who} {who:>10} {share} {share:.0%} {loss:#>8} {loss::>8}" """

    name = "templates.cbr:10"
    place = "templates.cbr:10"
    key = "d01fc9972331:1"

    def __init__(self, *, who="Ada", share_=0.125):
        self.who = who
        self.share_ = share_
        super().__init__()

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        self.fired({"loss": loss})
        self.print(
            f"{self.who} {self.who:>10} {text(self.share_)} {self.share_:.0%} {text(loss, '#>8')} {text(loss, ':>8')}"
        )  # templates.cbr:10


class PrintOnEpochEnd8(Rule, keras.callbacks.Callback):
    """on epoch_end print "{metrics}" """

    name = "templates.cbr:11"
    place = "templates.cbr:11"
    key = "fcd561c4fb0d:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        self.fired({})
        self.print(names(logs))  # templates.cbr:11


class PrintOnEpochEnd9(Rule, keras.callbacks.Callback):
    """on epoch_end print "{ logs } and {metrics}" """

    name = "templates.cbr:12"
    place = "templates.cbr:12"
    key = "96e03c2031fd:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        self.fired({})
        self.print(f"{listed(logs)} and {names(logs)}")  # templates.cbr:12


class PrintOnEpochEnd10(Rule, keras.callbacks.Callback):
    """on epoch_end print "{`top-5`:.2f} {loss + 1:.2f} {(loss + accuracy) / 2}" """

    name = "templates.cbr:13"
    place = "templates.cbr:13"
    key = "4acec6fed5f4:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        top_5 = logs.get("top-5")
        loss = logs.get("loss")
        accuracy = logs.get("accuracy")
        self.fired({"top-5": top_5, "loss": loss, "accuracy": accuracy})
        self.print(
            f"{text(top_5, '.2f')} {text(None if loss is None else loss + 1, '.2f')} {text(None if loss is None or accuracy is None else (loss + accuracy) / 2)}"
        )  # templates.cbr:13


class PrintOnEpochEnd11(Rule, keras.callbacks.Callback):
    """on epoch_end print "{loss}{accuracy}" """

    name = "templates.cbr:14"
    place = "templates.cbr:14"
    key = "b94d6c8a7a13:1"

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        accuracy = logs.get("accuracy")
        self.fired({"loss": loss, "accuracy": accuracy})
        self.print(f"{text32(loss)}{text32(accuracy)}")  # templates.cbr:14


class WarnOnEpochEnd(Rule, keras.callbacks.Callback):
    r"""on epoch_end warn "'single' \"\"\"triple\"\"\" % $ # no comment" """

    name = "templates.cbr:15"
    place = "templates.cbr:15"
    key = "667191c4ce84:1"

    def on_epoch_end(self, epoch, logs=None):
        self.fired({})
        self.warn('\'single\' """triple""" % $ # no comment')  # templates.cbr:15


class StopOnEpochEnd(Rule, keras.callbacks.Callback):
    """on epoch_end stop "{epoch} epochs" """

    name = "templates.cbr:16"
    place = "templates.cbr:16"
    key = "528af27e289e:1"

    def on_epoch_end(self, epoch, logs=None):
        self.fired({})
        self.stop(f"{epoch + 1} epochs")  # templates.cbr:16


def callbacks(*, who="Ada", share_=0.125):
    """All of it, in order, for `model.fit(callbacks=callbacks())`."""
    return [
        PrintOnEpochEnd(),
        PrintOnEpochEnd2(),
        PrintOnEpochEnd3(),
        PrintOnEpochEnd4(),
        PrintOnEpochEnd5(),
        PrintOnEpochEnd6(),
        PrintOnEpochEnd7(who=who, share_=share_),
        PrintOnEpochEnd8(),
        PrintOnEpochEnd9(),
        PrintOnEpochEnd10(),
        PrintOnEpochEnd11(),
        WarnOnEpochEnd(),
        StopOnEpochEnd(),
    ]
