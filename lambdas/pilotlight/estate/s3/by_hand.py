"""How a person brings deleted objects back: by removing the markers of one span, and no version."""

from __future__ import annotations

from pilotlight.domain.handwork import Command, Handwork, aws, keep, quoted

_DELETED = "[.DeleteMarkers[]?|select(.IsLatest and .LastModified>=$since)|{Key,VersionId}]|{Objects:.}"
_MARKERS, _AGAIN = "markers.json", "deleted-again.json"


def bringing_back(bucket: str, prefix: str, seconds: int, at_most: int, region: str) -> Handwork:
    """Remove the delete markers of the last seconds under a prefix."""
    listed = aws("s3", "ListObjectVersions", region, Bucket=bucket, Prefix=prefix)
    found = f'{listed} | jq --arg since "$SINCE" {quoted(_DELETED)}'
    remove, again = (
        aws("s3", "DeleteObjects", region, Bucket=bucket, Delete=f"file://{file}") for file in (_MARKERS, _AGAIN)
    )
    keys = quoted("{Objects:[.Objects[]|{Key}]}")
    return Handwork(
        do=(
            Command("Keep since when.", keep("SINCE", f"jq --null-input --raw-output 'now-{seconds}|todate'")),
            Command("List what was deleted since.", f"{found} > {_MARKERS}"),
            Command("See how many there are.", f"jq '.Objects|length' {_MARKERS}", f"{at_most} at most"),
            Command("Remove their markers.", remove, "Deleted, and no Errors"),
        ),
        check=(Command("List once more.", f"{found} | jq '.Objects|length'", "0"),),
        stop_if=f"it is more than {at_most}: that is not the loss that the plan was written for.",
        undo=(
            Command("Take the keys of what was brought back.", f"jq {keys} {_MARKERS} > {_AGAIN}"),
            Command("Delete them again, unless somebody wrote them since.", again),
        ),
        gives={"restored": f"jq '.Objects|length' {_MARKERS}"},
    )
