"""What rules of the tests call."""


def touch(model, epoch, logs):
    """Sets a weight that no gradient moves, after something that empties the epoch's means."""
    model.evaluate(*model.looked_at, verbose=0)
    model.get_layer("probe").idle.assign(10 * epoch + ("loss" in logs))


def broken(model, epoch, logs):
    raise LookupError("nothing was found here")
