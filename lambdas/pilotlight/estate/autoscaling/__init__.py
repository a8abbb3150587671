"""EC2 Auto Scaling: a group, its instances, what they are launched from, and its scaling."""
