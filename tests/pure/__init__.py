"""Claims about pure modules: values in, values out; no server is started for them."""
