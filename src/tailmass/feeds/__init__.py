"""What pulls or makes rows; so far the generated airline data of the demo."""
