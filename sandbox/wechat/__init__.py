"""The WeChat service account: API and encrypted callbacks towards the product."""
