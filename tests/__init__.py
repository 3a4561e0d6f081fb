"""Tests, and the simulated OpenRouter that they share."""
