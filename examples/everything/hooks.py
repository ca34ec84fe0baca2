"""What rules.cbr calls."""


def look(model, epoch, logs):
    """Print how large the weights have become."""
    norms = [float((weight**2).sum() ** 0.5) for weight in model.get_weights()]
    print(f"epoch {epoch}: the largest of {len(norms)} norms is {max(norms):.3f}")
