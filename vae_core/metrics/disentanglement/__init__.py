"""How the dimensions of a representation go with the known factors of the data: MIG, modularity, SAP, DCI, InfoMEC, FactorVAE and beta-VAE scores.

The definitions are those of disentanglement_lib (Locatello et al., 2019). The representation is the posterior means of all blocks, side
by side. Shapes: N images, D dimensions, F factors, V votes, L images a vote.
"""

from .classifiers import dci_completeness, dci_disentanglement, importance_matrix, sap, sap_matrix
from .factors import PART_IMAGES, PARTS, Representation, parts, representation, represented, varying
from .groups import dci, disentanglement, factor_tables, infomec
from .information import (
    clear_factors,
    discretised,
    entropies,
    information_shares,
    mig,
    modularity,
    mutual_information,
)
from .mec import explicitness, infomec_of, one_of, shares_told
from .ranking import ACTIVE, agreement, rank_correlations, udr
from .votes import (
    TESTED_VOTES,
    VOTE_IMAGES,
    VOTES,
    betavae_differences,
    betavae_right,
    factorvae_right,
    factorvae_votes,
    sharing,
)

__all__ = [
    "ACTIVE",
    "PARTS",
    "PART_IMAGES",
    "TESTED_VOTES",
    "VOTES",
    "VOTE_IMAGES",
    "Representation",
    "agreement",
    "betavae_differences",
    "betavae_right",
    "clear_factors",
    "dci",
    "dci_completeness",
    "dci_disentanglement",
    "discretised",
    "disentanglement",
    "entropies",
    "explicitness",
    "factor_tables",
    "factorvae_right",
    "factorvae_votes",
    "importance_matrix",
    "infomec",
    "infomec_of",
    "information_shares",
    "mig",
    "modularity",
    "mutual_information",
    "one_of",
    "parts",
    "rank_correlations",
    "representation",
    "represented",
    "sap",
    "sap_matrix",
    "shares_told",
    "sharing",
    "udr",
    "varying",
]
