"""Every term that pages use, in one or two plain sentences, with its formula where it has one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term as the glossary lists it, what it means, its formula, and how else pages write it (plurals in s come by themselves).

    >>> Term("nat", "A unit.").forms
    ('nat',)
    """

    word: str
    means: str
    formula: str = ""
    also: tuple[str, ...] = ()

    @property
    def forms(self) -> tuple[str, ...]:
        return (self.word, *self.also)


TERMS = (
    Term(
        "active unit",
        "A latent dimension whose posterior mean varies from one observation to the next. The others are switched off: what they say is lost in the noise of a draw.",
        "Var_x( E_q[z_j | x] ) > 0.01",
        ("active dimension", "inactive dimension", "active", "inactive"),
    ),
    Term(
        "aggregate posterior",
        "The posteriors of all observations mixed together: where encodings really lie. The prior says where they should.",
        "q(z) = mean over x of q(z | x)",
    ),
    Term(
        "atlas",
        "What was computed of a model beforehand: the codes of its observations and the maps of them.",
    ),
    Term(
        "Bayes error",
        "The share of mistakes that even the best classifier makes, since the classes overlap.",
        "for two equal Gaussians d σ apart: Φ(−d / 2)",
    ),
    Term(
        "Bayes’ rule",
        "How the probability of a cause follows from how well each cause explains what is seen.",
        "p(y | z) = p(y) p(z | y) / p(z)",
    ),
    Term(
        "beta",
        "The price of a nat: the weight of the KL when the model was trained. High, and only what pays for itself is kept; low, and more detail is.",
        "loss = distortion + β · rate",
        ("β",),
    ),
    Term(
        "by the bound",
        "The class is read off by putting each class into the ELBO and comparing: the class that explains the observation best wins.",
        "q(y | x) = softmax over y of ELBO(x, y)",
    ),
    Term(
        "calibration",
        "Whether a classifier is as sure as it is right: of its answers given with 80 %, 80 % should be correct.",
        also=("as sure as right",),
    ),
    Term(
        "checkpoint",
        "A trained model as a folder: its weights, a card that says how it was made and measured, and its atlas.",
    ),
    Term(
        "code",
        "The numbers that stand for one observation: where the encoder puts it in the latent space. The decoder turns them back.",
    ),
    Term(
        "decoder",
        "The net that turns a code into an observation: it gives the parameters of the likelihood, and what is shown is their mean.",
        "z → p(x | z)",
        ("decoded", "decodes", "decode", "decoding"),
    ),
    Term(
        "density ratio",
        "How much more often encodings lie at a place than the prior draws it. Far below 0 is a hole: the prior draws there, and hardly any encoding lies there.",
        "log q(z) − log p(z)",
    ),
    Term(
        "disentangled",
        "Each factor of the data, such as size, has a dimension of its own and no dimension mixes two.",
        also=("disentanglement",),
    ),
    Term(
        "distortion",
        "How far the reconstruction is off, in nats: minus the log-likelihood of what went in, averaged over draws of the code.",
        "D = −E_q[ log p(x | z) ]",
    ),
    Term(
        "ELBO",
        "The evidence lower bound: what training raises. It never lies above the log-probability that the model gives to the observation.",
        "ELBO = E_q[ log p(x | z) ] − KL( q(z | x) ‖ p(z) ) ≤ log p(x)",
        ("evidence lower bound",),
    ),
    Term(
        "embedding",
        "A code that some other program made: a row of numbers for each observation.",
    ),
    Term(
        "encoder",
        "The net that turns an observation into a posterior: a mean and a spread for each dimension of the code.",
        "x → q(z | x) = N(μ(x), σ(x)²)",
        ("encoded", "encodes", "encode", "encoding"),
    ),
    Term(
        "entropy",
        "How uncertain a distribution is: 0 where the outcome is sure, largest where all outcomes are alike.",
        "H(p) = −E_p[ log p ]",
    ),
    Term("epoch", "One pass of the training over all training data."),
    Term(
        "factor",
        "What data were made from, known where they were rendered: shape, size, turn, place.",
    ),
    Term(
        "frontier",
        "The least distortion that can be had at each rate. A model trained for a beta gives a dot on it or above.",
        "min D subject to R ≤ r",
        ("rate-distortion",),
    ),
    Term(
        "Gaussian",
        "The bell curve, the normal distribution, given by a mean μ and a standard deviation σ.",
        "N(μ, σ²)",
        ("normal distribution",),
    ),
    Term(
        "importance-weighted bound",
        "A tighter bound than the ELBO: several draws of the code are weighed by how well they explain the observation.",
        "E[ log mean_k p(x, z_k) / q(z_k | x) ], z_k ~ q",
    ),
    Term(
        "interpolated",
        "Taken from between two known values, in proportion to the distance from each.",
        also=("interpolation",),
    ),
    Term(
        "KL",
        "The Kullback-Leibler divergence: how many nats it costs to tell that something follows q when p was expected. 0 where both are equal, never less.",
        "KL(q ‖ p) = E_q[ log q − log p ]",
        ("Kullback-Leibler divergence", "divergence"),
    ),
    Term(
        "lasso",
        "An outline drawn freely over a map; what lies inside is selected.",
    ),
    Term(
        "latent arithmetic",
        "Codes added and subtracted: what a has and b lacks is given to c.",
        "a − b + c",
    ),
    Term(
        "latent",
        "A number that is not in the data and that the model made up to describe them. Together the latents are the code.",
        "z",
        ("latent dimension", "latent space", "latent variable"),
    ),
    Term(
        "likelihood",
        "How probable an observation is to the decoder that is given its code; for each pixel or column, multiplied.",
        "p(x | z)",
        ("log-likelihood",),
    ),
    Term(
        "mixture",
        "A distribution made of several: one component is picked by its weight, then a draw is taken from it.",
        "p(z) = Σ_k w_k p_k(z)",
    ),
    Term(
        "multi-rate",
        "Of a model: trained for every beta of a range at once; its nets are told beta.",
        also=("conditioned on β",),
    ),
    Term(
        "mutual information",
        "How much is known of one quantity by knowing the other, in nats; 0 where they are independent.",
        "I(a; b) = KL( p(a, b) ‖ p(a) p(b) )",
    ),
    Term(
        "nat",
        "The unit of information when logarithms are natural.",
        "1 nat = 1 / ln 2 ≈ 1.44 bits",
    ),
    Term(
        "oracle classifier",
        "A classifier trained on real, labelled data, which is then asked what it sees in the model’s samples.",
    ),
    Term(
        "posterior",
        "What the encoder says of one observation: not a point of the latent space but a small cloud, in which its code may lie.",
        "q(z | x)",
        ("posteriors",),
    ),
    Term(
        "PPCA",
        "Probabilistic principal component analysis: the linear ancestor of the VAE, with an exact solution.",
        "x = W z + μ + noise, z ~ N(0, I)",
    ),
    Term(
        "principal axis",
        "A direction in which codes spread most, at right angles to those before it.",
        also=("principal axes",),
    ),
    Term(
        "prior component",
        "A part of a prior that is made of several distributions: of a mixture, of pseudo-inputs, or one for each class.",
        also=("component of the prior", "component of their prior"),
    ),
    Term(
        "prior",
        "Where the model expects codes to lie before it has seen an observation. New samples are decoded from its draws.",
        "p(z), often N(0, I)",
    ),
    Term(
        "pseudo-input",
        "An observation that the training made up; the posterior of each is a component of a VampPrior.",
        "p(z) = mean over k of q(z | u_k)",
    ),
    Term(
        "rate",
        "What a code costs in nats: how much more it says than the prior knew.",
        "R = KL( q(z | x) ‖ p(z) )",
    ),
    Term(
        "reconstruction",
        "What comes out when an observation is encoded and decoded again.",
        also=("reconstructed",),
    ),
    Term(
        "reparameterised draw",
        "A draw written as mean plus spread times noise, so that the gradient passes through mean and spread.",
        "z = μ + σ ε, ε ~ N(0, I)",
        ("reparameterised", "reparameterisation"),
    ),
    Term(
        "responsibility",
        "The share of a component in the density at a place: how likely the code came from it.",
        "w_k p_k(z) / p(z)",
    ),
    Term(
        "seed",
        "The number from which random draws start: the same seed gives the same draws.",
    ),
    Term(
        "softmax",
        "Turns scores into probabilities that sum to 1.",
        "softmax(s)_i = exp(s_i) / Σ_j exp(s_j)",
    ),
    Term(
        "standard deviation",
        "How widely values spread about their mean; about two thirds of a bell curve lie within one.",
        "σ",
    ),
    Term(
        "standard error",
        "How far a measured mean may be off by chance; it shrinks with the number of measurements.",
        "standard deviation / √n",
    ),
    Term(
        "swap",
        "The style latents of one observation decoded with the class of another.",
        also=("style in every class",),
    ),
    Term(
        "temperature",
        "By what the spread of a draw is multiplied: 0 gives the mean, 1 the prior as it is.",
        "z = μ + T σ ε",
    ),
    Term(
        "total correlation",
        "How much the dimensions of a code tell of each other over all data; 0 where they are independent.",
        "TC = KL( q(z) ‖ Π_j q(z_j) )",
    ),
    Term(
        "traversal",
        "One dimension moved step by step, the rest left alone, each step decoded: what the dimension writes.",
        also=("traverse",),
    ),
    Term(
        "UMAP",
        "A map of many dimensions on a plane that keeps neighbours together. Distances between clusters mean little on it.",
    ),
    Term(
        "VAE",
        "Variational autoencoder: an encoder and a decoder trained together by raising the ELBO.",
        also=("variational autoencoder",),
    ),
    Term(
        "class latent",
        "A latent that changes with the class: its prior is another one for each class.",
        "p(z | y)",
    ),
    Term(
        "style latent",
        "A latent whose prior does not know the class: meant for what an observation has beside its class. Nothing forbids it to hold some of the class.",
        "p(z)",
    ),
)
