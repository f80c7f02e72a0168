"""What will change? Improvement actions, their owners and due dates."""
