from .common import APPROVED_CARD, EmailPayHttpCommon
from .page_common import PageCommon


class CardPageCommon(PageCommon, EmailPayHttpCommon):
    """A customer who also enters a card: the gateway's stand-in takes it."""

    def enter_card(self, card_page, number=APPROVED_CARD):
        """Post what the gateway's window gives; the answer of the card form."""
        return self.submit(card_page, payment_token=self.sandbox.credicorp.token(number))
