"""Clients for systems that are not ours, one file each; never a business rule."""
