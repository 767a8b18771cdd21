"""The explorer: a Streamlit front end over `vae_core`."""

MODELS_VARIABLE = "LATENT_EXPLORER_MODELS"
"""Environment variable with a folder of checkpoints to offer beside the bundled ones."""

OPENS_VARIABLE = "LATENT_EXPLORER_OPENS"
"""Environment variable with the folder of the checkpoint that a visitor sees first."""

LIVE = "/latent-explorer/live"
"""The route of the server over which pages ask for images while a pointer moves."""

DECODE = "/latent-explorer/decode"
"""The route of the server that decodes an item of a map."""

PLACES = "/latent-explorer/places"
"""The route of the server that says where the items of a map lie along a block's betas."""

PICTURE = "/latent-explorer/picture"
"""The route of the server with the picture of a model in the gallery."""

DATA_ROOT_VARIABLE = "LATENT_EXPLORER_DATA_ROOT"
"""Environment variable with the folder below which visitors may open data by its path."""

LOCAL_VARIABLE = "LATENT_EXPLORER_LOCAL"
"""Environment variable that is set where only this machine is served: its user may open whatever they can read."""

SHARED_VARIABLE = "LATENT_EXPLORER_SHARED"
"""Environment variable with the address at which others on the local network open this server, where it is shared."""

CLASSIFIER_VARIABLE = "LATENT_EXPLORER_CLASSIFIER"
"""Environment variable with an ONNX file: a classifier that is asked about what models decode."""

RUNS_VARIABLE = "LATENT_EXPLORER_RUNS"
"""Environment variable with the folder where the trainings that a page starts live, and those of a shell that are to be seen."""

TRAINING_VARIABLE = "LATENT_EXPLORER_TRAINING"
"""Environment variable that is set where every visitor may start and steer trainings: without it, only who sits at this machine."""

HOSTS_VARIABLE = "LATENT_EXPLORER_HOSTS"
"""Environment variable with the names, separated by spaces, that this server goes by beside numeric addresses and localhost."""

METRICS_VARIABLE = "LATENT_EXPLORER_METRICS"
"""Environment variable that is set where every visitor may read how many sessions the server has and how much memory they hold."""

RUNS = "/latent-explorer/runs"
"""The route of the server that tells of trainings, and takes orders for them."""
