"""A person's requests about their own data, handled as cases; 《个人信息保护法》 Art. 44–50. The case itself is feedback."""
