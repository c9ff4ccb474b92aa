"""The spine of Frontdesk: values, ports, storage and the path of a message."""
