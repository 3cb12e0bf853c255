"""A mobile CA (移动 CA): issues RSA and SM2 certificates, revokes them, answers for them, and signs log-ins on its phone."""
