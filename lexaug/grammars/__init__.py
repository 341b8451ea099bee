"""Grammar sheets: the function words and templates of a language, a TOML file each."""
