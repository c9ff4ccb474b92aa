"""The settings of sentence vectors beside the light features: `[embeddings]`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gateway.section import Section


class Embeddings(Section, frozen=True, kw_only=True):
    """`[embeddings]`: which model gives them; read only where `engine = "embeddings"`."""

    model: Annotated[
        str,
        Meta(
            description="A folder with `model.onnx` and `tokenizer.json`, as sentence-transformers have; or a name on "
            "the Hugging Face hub (`owner/name`), fetched once."
        ),
    ] = ""
    file: Annotated[
        str,
        Meta(
            description="The ONNX file in it, as `onnx/model_quantized.onnx`; empty: `model.onnx`, else "
            "`onnx/model.onnx`."
        ),
    ] = ""
    threads: Annotated[int, Meta(ge=1, le=64, description="Threads that one process spends on sentence vectors.")] = 1
    prefix: Annotated[
        str, Meta(description="What the model wants before each text: `query: ` for the E5 family; empty: nothing.")
    ] = ""
