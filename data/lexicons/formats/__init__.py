"""Forms that bilingual lexicons come in, one file each; `data.lexicons.files` lists them."""
