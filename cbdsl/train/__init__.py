"""A training run of its own: the data, the default model, and TensorFlow kept quiet."""
