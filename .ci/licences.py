"""Print what is installed for the program itself with its licence: `python .ci/licences.py [PACKAGE]`; exit 1 for one that is not known to be free.

The inventory is of a package and all that it wants, without extras.
"""

import re
import sys
from importlib import metadata

# What may be given away beside a program under the MIT licence, without the program having to be under another.
FREE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python|MPL|Mozilla|HPND|Zlib|Unlicense|public domain|LGPL|Lesser|Artistic|CNRI|CC0|0BSD|NVIDIA|BSL|Boost|OFL",
    re.IGNORECASE,
)


# What packages do not say of themselves, with where it stands.
KNOWN = {
    "umap-learn": "BSD-3-Clause",  # LICENSE.txt of its source
    "cuda-toolkit": "NVIDIA's own",  # comes with the CUDA build of torch, as do the next; none of it is part of this project
    "nvidia-cuda-nvrtc": "NVIDIA's own",
}


def wanted(name: str, seen: dict[str, metadata.Distribution]) -> dict[str, metadata.Distribution]:
    """A distribution and all that it wants on this machine, by name."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return seen
    try:
        seen[key] = found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return seen  # for another system
    for requirement in found.requires or []:
        if "extra ==" not in requirement:
            wanted(re.match(r"[A-Za-z0-9._-]+", requirement)[0], seen)  # type: ignore[index]
    return seen


def licence(found: metadata.Distribution) -> str:
    """The licence of a distribution: its expression, its classifiers, or the first line of its text."""
    told = found.metadata
    classes = [
        line.rpartition(" :: ")[2] for line in told.get_all("Classifier", []) if line.startswith("License")
    ]
    text = (told.get("License") or "").strip().splitlines()
    return told.get("License-Expression") or ", ".join(classes) or (text[0][:80] if text else "unknown")


def main() -> int:
    everything = wanted(sys.argv[1] if len(sys.argv) > 1 else "latent-explorer", {})
    rows = [
        (name, found.version, KNOWN.get(name) or licence(found)) for name, found in sorted(everything.items())
    ]
    print("| package | version | licence |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    unknown = [name for name, _, told in rows if not FREE.search(told)]
    if unknown:
        print(f"not known to be free: {', '.join(unknown)}", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
