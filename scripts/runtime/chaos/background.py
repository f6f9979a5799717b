"""What goes on while other things happen."""

import threading
from contextlib import contextmanager


@contextmanager
def going_on(work, over):
    """Let `work` go on meanwhile; it ends soon after the event `over` is set."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
