"""What the page says."""

WORDS = {
    'pt': {
        'lang': 'pt-BR', 'title': 'Pagamento seguro', 'number': 'Número do cartão',
        'exp': 'Validade (MM/AA)', 'cvv': 'Código de segurança', 'pay': 'Pagar',
        'months': '{number}× de {amount} no cartão, uma por mês',
        'back': 'Voltar à loja', 'safe': 'Os dados do cartão chegam só à PagoLivre.',
        'hints_title': 'Sandbox: cartões de teste', 'approved': 'é aprovado',
        'wrong': 'Confira o número do cartão e a validade.',
        'expired': 'Este pagamento expirou.', 'canceled': 'Este pagamento foi cancelado.',
        'declined': 'O banco recusou o cartão. Nada foi cobrado.',
        'paid': 'Este pagamento já foi feito.', 'unknown': 'Esta página não existe.',
        'close': 'Volte à página de onde veio.',
    },
    'en': {
        'lang': 'en', 'title': 'Secure payment', 'number': 'Card number', 'exp': 'Expiry (MM/YY)',
        'cvv': 'Security code', 'pay': 'Pay',
        'months': '{number} × {amount} by card, one each month',
        'back': 'Back to the shop', 'safe': 'Your card goes to PagoLivre only.',
        'hints_title': 'Sandbox: test cards', 'approved': 'is approved',
        'wrong': 'Check the card number and the expiry date.',
        'expired': 'This payment has expired.', 'canceled': 'This payment was cancelled.',
        'declined': 'The bank declined the card. Nothing was charged.',
        'paid': 'This payment was made already.', 'unknown': 'This page does not exist.',
        'close': 'Go back to where you came from.',
    },
}
