"""What every gateway's page says."""

WORDS = {
    'en': {
        'lang': 'en', 'title': 'Secure payment', 'number': 'Card number', 'exp': 'Expiry (MM/YY)',
        'cvv': 'Security code', 'pay': 'Pay', 'safe': 'Your card goes to {brand} only.',
        'hints_title': 'Sandbox: test cards', 'approved': 'is approved',
        'wrong': 'Check the card number and the expiry date.',
        'paid': 'This payment was made already.', 'unknown': 'This page does not exist.',
        'close': 'Go back to where you came from.',
    },
    'es': {
        'lang': 'es', 'title': 'Pago seguro', 'number': 'Número de tarjeta',
        'exp': 'Vence (MM/AA)', 'cvv': 'Código de seguridad', 'pay': 'Pagar',
        'safe': 'Sus datos llegan solo a {brand}.', 'hints_title': 'Sandbox: tarjetas de prueba',
        'approved': 'se aprueba', 'wrong': 'Revise el número de la tarjeta y el vencimiento.',
        'paid': 'Este pago ya se hizo.', 'unknown': 'Esta página no existe.',
        'close': 'Vuelva a la página de donde vino.',
    },
    'pt': {
        'lang': 'pt-BR', 'title': 'Pagamento seguro', 'number': 'Número do cartão',
        'exp': 'Validade (MM/AA)', 'cvv': 'Código de segurança', 'pay': 'Pagar',
        'safe': 'Os dados do cartão chegam só à {brand}.',
        'hints_title': 'Sandbox: cartões de teste', 'approved': 'é aprovado',
        'wrong': 'Confira o número do cartão e a validade.',
        'paid': 'Este pagamento já foi feito.', 'unknown': 'Esta página não existe.',
        'close': 'Volte à página de onde veio.',
    },
}
