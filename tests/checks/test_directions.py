"""Which direction of a metric is better, by its name."""

import pytest

from cbdsl import check
from cbdsl.catalog.metrics import direction

# The names that Keras 3.15 gives its metrics and losses, and those that people give theirs.
HIGHER = """
    accuracy binary_accuracy categorical_accuracy sparse_categorical_accuracy
    top_k_categorical_accuracy sparse_top_k_categorical_accuracy acc Accuracy Percentage_Accuracy
    auc auc_1 AUC roc_auc pr_auc auroc
    precision recall precision_4 recall_4 precision_at_recall recall_at_precision
    sensitivity_at_specificity specificity_at_sensitivity sensitivity specificity
    true_positives true_negatives true_positive_rate
    f1_score fbeta_score f1 F1_score F1-Score f1score
    io_u binary_io_u mean_io_u one_hot_io_u one_hot_mean_io_u mean_io_u_5 iou mean_iou iou_score
    iou_class_1_0 dice dice_coef dice_coefficient_t jaccard jaccard_coefficient_t
    r2_score cosine_similarity pearson_correlation concordance_correlation
    psnr ssim bleu rouge_l map_50 ndcg mcc kappa reward capsnet_acc dense_1_accuracy
""".split()

LOWER = """
    loss dense_1_loss decoder_loss loss_1 Loss accuracy_loss dice_loss ssim_loss regularization_loss
    mean_squared_error root_mean_squared_error mean_absolute_error mean_absolute_percentage_error
    mean_squared_logarithmic_error mean_relative_error mse mae mape msle rmse error error_rate
    binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy cross_entropy bce
    kl_divergence kullback_leibler_divergence kld poisson logcosh log_cosh
    hinge squared_hinge categorical_hinge perplexity ppl nll wer cer
    false_positives false_negatives false_positive_rate age_mae precision_error
""".split()

UNKNOWN = """
    lr learning_rate mean sum count num_samples top-5 energy score rate entropy gradient_norm
    lossy glossary accurate errors_of loss2x x y _ 1 true_ratio false_alarm
""".split()


@pytest.mark.parametrize(
    ("name", "better"),
    [
        *((name, "higher") for name in HIGHER),
        *((name, "lower") for name in LOWER),
        *((name, None) for name in UNKNOWN),
    ],
)
def test_direction(name: str, better: str | None) -> None:
    assert direction(name) == better
    assert direction(f"val_{name}") == better


def test_the_last_telling_word_decides() -> None:
    assert direction("accuracy_error") == "lower"
    assert direction("error_accuracy") == "higher"


@pytest.mark.parametrize(
    ("expression", "known"),
    [
        ("loss", True), ("-accuracy", True), ("loss + val_loss", True), ("loss + 0.5", True),
        ("0.5 + loss", True), ("loss - accuracy", True), ("loss - (1 - loss)", True),
        ("loss * 2", True), ("2 * loss", True), ("loss / 2", True), ("energy + loss", False),
        ("loss + accuracy", False), ("loss - val_loss", False), ("loss * accuracy", False),
        ("2 / loss", False), ("loss ** 2", False), ("loss % 2", False), ("epoch", False),
        ("3", False), ("energy", False), ("accuracy - 3", True), ("3 - accuracy", True),
    ],
)  # fmt: skip
def test_expressions(expression: str, known: bool) -> None:
    codes = [d.code for d in check(f"on epoch_end if {expression} improves stop")]
    assert codes == ([] if known else ["CBR206"])


@pytest.mark.parametrize("verb", ["minimize", "maximize"])
def test_the_file_decides(verb: str) -> None:
    for name in ("energy", "loss", "`top-5`"):
        said = [d.code for d in check(f"{verb} {name}\non epoch_end if {name} improves stop")]
        assert said == (["CBR425"] if (verb, name) == ("maximize", "loss") else [])
