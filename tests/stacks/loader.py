"""Loads synthesized templates into moto, resource by resource through boto3: our own CloudFormation.

moto's passes over types and properties that it does not know, and asks for packages that nothing else here needs. This
one knows every type by name, and every property of it: a type without a creator raises `UnknownType`, and a property
that its creator did not take raises `PropertyLeftOver`. Nothing is ignored, so there is no list of what is.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.stacks.creators import CREATORS
from tests.stacks.described import Synthesized
from tests.stacks.intrinsics import Values, in_order
from tests.stacks.properties import Properties, Region

OLDEST_DATE_OF_A_ZIP = (1980, 1, 1, 0, 0, 0)


class UnknownType(Exception):
    """A template holds a type that nothing here creates."""


def load(synthesis: Synthesized) -> None:
    """Create everything that the templates of a deployment say, in the order in which CloudFormation would."""
    regions = {name: Region(name) for name in synthesis.deployment.regions}
    for stack in synthesis.deployment.stacks:
        upload_assets(synthesis.assembly / f"{stack.name}.assets.json", regions[stack.region])
        load_template(synthesis.templates[stack.name], regions[stack.region])


def load_template(template: Mapping[str, Any], region: Region) -> None:
    """Create the resources of one template in a region."""
    values = Values()
    resources = template["Resources"]
    for logical in in_order(resources):
        kind = resources[logical]["Type"]
        if kind not in CREATORS:
            raise UnknownType(f"{logical} is an {kind}, which no creator of this loader knows; write one.")
        properties = Properties(logical, values.resolve(resources[logical].get("Properties", {})))
        created = CREATORS[kind](region, properties)
        properties.must_be_used_up()
        values.references[logical] = created.reference
        values.attributes.update({(logical, name): value for name, value in created.attributes.items()})


def upload_assets(manifest: Path, region: Region) -> None:
    """Put the files of an assembly where the templates look for them. Templates themselves are files of it, too."""
    s3 = region.client("s3")
    for file in json.loads(manifest.read_text())["files"].values():
        source = manifest.parent / file["source"]["path"]
        content = zipped(source) if file["source"]["packaging"] == "zip" else source.read_bytes()
        for destination in file["destinations"].values():
            bucket = destination["bucketName"]
            if bucket not in {known["Name"] for known in s3.list_buckets()["Buckets"]}:
                s3.create_bucket(Bucket=bucket, **bucket_location(region))
            s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=content)


def bucket_location(region: Region) -> dict[str, Any]:
    """How S3 wants to be told the region: us-east-1 by saying nothing."""
    if region.name == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region.name}}


def zipped(folder: Path) -> bytes:
    """A folder as the CDK packs it: sorted, without dates."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(folder)), OLDEST_DATE_OF_A_ZIP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return packed.getvalue()
