"""Where knowledge about models comes from: OpenRouter, the core file, the overrides file, a bootstrap file."""
