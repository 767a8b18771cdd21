"""What each measured number is called, in words: one registry for the command line, the pages and the documents.

A name such as `probe_z_l_mlp_mean_nats` says a metric, a block and more; `NUMBERS` holds a pattern for each kind of name.
"""

import re
from functools import cache
from typing import Literal, NamedTuple

NATS, SHARE, BITS, SCORE, COUNT, PLAIN = "nats", "share", "bits", "score", "count", ""
FORMS = {NATS: "{:.2f}", SHARE: "{:.2%}", BITS: "{:.3f}", SCORE: "{:.3f}", COUNT: "{:.1f}", PLAIN: "{:.4g}"}

Better = Literal["high", "low", ""]


class Number(NamedTuple):
    """What a measured number is called.

    Attributes:
        title: with the parts of the number's name in braces.
        unit: nats, share, bits, score, count, or "" for others.
        better: "high" or "low", or "" where neither is.

    Example:
        >>> Number("−ELBO", NATS, "low").heading, Number("accuracy", SHARE, "high").told(0.9895)
        ('−ELBO, nats', '98.95%')
    """

    title: str
    unit: str = PLAIN
    better: Better = ""

    @property
    def heading(self) -> str:
        """The title with the unit, as an axis has it."""
        return f"{self.title}, {self.unit}" if self.unit in (NATS, BITS) else self.title

    def told(self, value: float, error: float | None = None) -> str:
        """The value as people read it, with its standard error where there is one.

        >>> number("negative_elbo").told(87.9612, 0.2613), number("bayes_accuracy").told(0.9895)
        ('87.96 ± 0.26 nats', '98.95%')
        """
        form = FORMS[self.unit]
        texts = [form.format(part) for part in (value, error) if part is not None]
        return " ± ".join(texts) + (f" {self.unit}" if self.unit in (NATS, BITS) else "")


_BLOCK = r"(?P<block>\w+)"
_KIND = r"(?P<kind>logistic|knn|mlp)"
_READING = r"(?P<reading>sample|mean|posterior)"
_WORDS = {
    "sample": "one draw",
    "mean": "the mean",
    "posterior": "mean and log scale",
    "knn": "k-nearest-neighbour",
    "mlp": "MLP",
    "bayes": "the bound",
    "classifier": "the classifier",
}

# Evidence and bounds are those given the inputs of the model, such as the class of a CDVAE.
# The numbers by the pattern of their name, in the order in which a table shows them.
NUMBERS: dict[str, Number] = {
    r"distortion": Number("distortion, −E log p(x | z)", NATS, "low"),
    r"distortion_(?P<block>\w+)": Number("distortion of {block}", NATS, "low"),
    rf"rate_{_BLOCK}": Number("rate of {block}, E KL(q ‖ p)", NATS),
    r"negative_elbo": Number("−ELBO at β = 1", NATS, "low"),
    r"negative_elbo_paired": Number("−ELBO, where the importance-weighted bound was taken", NATS, "low"),
    r"importance_gap": Number("importance-weighted bound minus ELBO, paired", NATS),
    r"log_px_annealed": Number("evidence of x, annealed importance sampling", NATS, "high"),
    r"log_pxy_annealed": Number("evidence of x and class, annealed importance sampling", NATS, "high"),
    r"log_pxy_(?P<block>\w+)_annealed": Number(
        "evidence of x, class and {block}, annealed importance sampling", NATS, "high"
    ),
    r"log_px_(?P<block>\w+)_annealed": Number(
        "evidence of x and {block}, annealed importance sampling", NATS, "high"
    ),
    r"approximation_gap": Number("gap of the best diagonal Gaussian to the evidence", NATS, "low"),
    r"amortisation_gap": Number("gap of the encoder to the best diagonal Gaussian", NATS, "low"),
    r"log_px": Number("evidence of x, importance-weighted bound", NATS, "high"),
    r"log_pxy": Number("evidence of x and class, importance-weighted bound", NATS, "high"),
    r"log_pxy_(?P<block>\w+)": Number(
        "evidence of observation, class and {block}, importance-weighted bound", NATS, "high"
    ),
    r"log_px_(?P<block>\w+)": Number("evidence of x and {block}, importance-weighted bound", NATS, "high"),
    r"bits_per_dimension": Number("bits per dimension", BITS, "low"),
    rf"active_units_{_BLOCK}": Number("active units of {block}", COUNT),
    rf"gamma_{_BLOCK}": Number("γ of {block}, standard deviation of a pixel"),
    rf"rmse_{_BLOCK}": Number("root mean squared error of {block}", PLAIN, "low"),
    rf"components_match_{_BLOCK}": Number("prior components of {block} that match a class", SHARE),
    rf"components_nmi_{_BLOCK}": Number(
        "normalised mutual information of components and class in {block}", SCORE
    ),
    rf"components_{_BLOCK}": Number("prior components of {block} in use", COUNT),
    r"(?P<kind>bayes|classifier)_accuracy": Number("class by {kind}, accuracy", SHARE, "high"),
    r"(?P<kind>bayes|classifier)_balanced_accuracy": Number(
        "class by {kind}, balanced accuracy", SHARE, "high"
    ),
    r"(?P<kind>bayes|classifier)_ece": Number("class by {kind}, calibration error", SHARE, "low"),
    r"(?P<kind>bayes|classifier)_nll": Number("class by {kind}, negative log-likelihood", NATS, "low"),
    r"sample_accuracy": Number("class-conditional samples judged right", SHARE, "high"),
    r"sample_coverage": Number("images near a sample (97 % is the data's own)", SHARE, "high"),
    r"sample_density": Number("density of samples among images (1 is the data's own)", SCORE, "high"),
    r"sample_frechet": Number("Fréchet distance of samples and images, oracle's features", PLAIN, "low"),
    r"judge_frechet": Number("Fréchet distance of training images and images, oracle's features"),
    r"swap_accuracy": Number("swaps judged right", SHARE, "high"),
    r"retrieval_swap": Number("swaps whose style (font) is found among all", SHARE, "high"),
    r"retrieval_family": Number("swaps whose family of styles is found", SHARE, "high"),
    r"retrieval_reconstruction": Number(
        "reconstructions whose style (font) is found among all", SHARE, "high"
    ),
    r"retrieval_chance": Number("styles found by chance, one in as many as there are", SHARE),
    r"style_(?P<kind>\w+)_swap": Number("{kind} kept by swaps, rank correlation", SCORE, "high"),
    r"style_(?P<kind>\w+)_reconstruction": Number("{kind} kept by reconstructions, rank correlation", SCORE),
    r"judge_accuracy": Number("accuracy of the oracle classifier", SHARE),
    r"judge_balanced_accuracy": Number("balanced accuracy of the oracle classifier", SHARE),
    rf"probe_{_BLOCK}_{_KIND}_{_READING}_nats": Number(
        "information on the class in {reading} of {block}, {kind} probe", NATS
    ),
    rf"probe_{_BLOCK}_{_KIND}_{_READING}": Number(
        "class read from {reading} of {block}, {kind} probe", SHARE
    ),
    rf"class_information_{_BLOCK}_{_KIND}": Number(
        "information on the class in one draw of {block}, {kind} probe", NATS
    ),
    rf"silhouette_{_BLOCK}_{_READING}": Number("silhouette of the classes by {reading} of {block}", SCORE),
    rf"neighbours_{_BLOCK}_{_READING}": Number(
        "nearest neighbours of the same class, by {reading} of {block}", SHARE
    ),
    rf"index_information_{_BLOCK}": Number("index information of {block}, I(n; z)", NATS),
    rf"total_correlation_{_BLOCK}": Number("total correlation of {block}", NATS),
    rf"dimension_kl_{_BLOCK}": Number("dimension-wise KL of {block}", NATS),
    rf"aggregate_kl_{_BLOCK}": Number("KL of the aggregate posterior of {block} and its prior", NATS, "low"),
    rf"prior_bayes_error_{_BLOCK}": Number("Bayes error of the class priors of {block}", SHARE, "low"),
    rf"(?P<kind>prior|posterior)_kl_{_BLOCK}": Number("least KL of two classes of {block}, by {kind}", NATS),
    rf"(?P<kind>prior|posterior)_bhattacharyya_{_BLOCK}": Number(
        "least Bhattacharyya distance of two classes of {block}, by {kind}", NATS
    ),
    rf"prior_holes_{_BLOCK}": Number(
        "prior draws of {block} of low density ratio (5 % is none)", SHARE, "low"
    ),
    rf"prior_coverage_{_BLOCK}": Number("prior of {block} covered by encodings", SHARE, "high"),
    rf"prior_recall_{_BLOCK}": Number("recall of the prior of {block}", SHARE, "high"),
    rf"prior_precision_{_BLOCK}": Number("precision of the encodings of {block}", SHARE, "high"),
    rf"prior_density_{_BLOCK}": Number("density of the encodings of {block}", SCORE, "high"),
    rf"mmd_p_{_BLOCK}": Number("p-value of the MMD of {block}", SCORE),
    rf"mmd_{_BLOCK}": Number("squared MMD of the aggregate posterior of {block} and its prior", PLAIN, "low"),
    rf"two_sample_{_BLOCK}": Number("classifier two-sample test of {block} (50 % is equal)", SHARE, "low"),
    r"mig": Number("MIG", SCORE, "high"),
    r"modularity": Number("modularity", SCORE, "high"),
    r"sap": Number("SAP", SCORE, "high"),
    r"dci_(?P<kind>\w+)": Number("DCI {kind}", SCORE, "high"),
    r"infomec_(?P<kind>\w+)": Number("InfoMEC {kind}", SCORE, "high"),
    r"factorvae_score": Number("FactorVAE score", SCORE, "high"),
    r"betavae_score": Number("β-VAE score", SCORE, "high"),
}

# Those that stand for a whole card.
HEADLINES = (
    *("negative_elbo", "log_px", "log_pxy", "log_px_coarse", "bits_per_dimension"),
    *("classifier_accuracy", "bayes_accuracy", "sample_accuracy", "swap_accuracy"),
)


@cache
def number(name: str) -> Number:
    """What the number of this name is called; a name that no pattern knows is its own title.

    Example:
        >>> number("probe_z_l_mlp_posterior_nats").heading
        'information on the class in mean and log scale of z_l, MLP probe, nats'
        >>> number("new_metric").title
        'new metric'
    """
    for pattern, kind in NUMBERS.items():
        if match := re.fullmatch(pattern, name):
            parts = {part: _WORDS.get(word, word) for part, word in match.groupdict().items()}
            return kind._replace(title=kind.title.format(**parts))
    return Number(name.replace("_", " "))
