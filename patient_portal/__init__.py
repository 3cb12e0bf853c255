"""What patients see: WeChat H5, web site, kiosk; never what staff see."""
