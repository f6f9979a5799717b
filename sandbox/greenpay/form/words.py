"""What the form says."""

WORDS = {
    'en': {
        'lang': 'en', 'title': 'Secure payment', 'number': 'Card number', 'exp': 'Expiry (MM/YY)',
        'cvv': 'Security code', 'pay': 'Pay', 'save': 'Save card', 'cancel_text': 'Cancel',
        'safe': 'Your card goes to GreenPay only.', 'hints_title': 'Sandbox: test cards',
        'wrong': 'Check the card number and the expiry date.',
        'approved': 'is approved', 'funds': 'has no funds', 'old': 'has expired',
        'expired': 'This session has expired.',
        'declined': 'is declined', 'paid': 'This payment was made already.',
        'unknown': 'This page does not exist.', 'close': 'Go back to where you came from.',
    },
    'es': {
        'lang': 'es', 'title': 'Pago seguro', 'number': 'Número de tarjeta',
        'exp': 'Vence (MM/AA)', 'cvv': 'Código de seguridad', 'pay': 'Pagar',
        'save': 'Guardar tarjeta', 'cancel_text': 'Cancelar',
        'safe': 'Sus datos llegan solo a GreenPay.', 'hints_title': 'Sandbox: tarjetas de prueba',
        'wrong': 'Revise el número de la tarjeta y el vencimiento.',
        'approved': 'se aprueba', 'funds': 'no tiene fondos', 'old': 'está vencida',
        'expired': 'Esta sesión venció.',
        'declined': 'se rechaza', 'paid': 'Este pago ya se hizo.',
        'unknown': 'Esta página no existe.', 'close': 'Vuelva a la página de donde vino.',
    },
    'pt': {
        'lang': 'pt', 'title': 'Pagamento seguro', 'number': 'Número do cartão',
        'exp': 'Validade (MM/AA)', 'cvv': 'Código de segurança', 'pay': 'Pagar',
        'save': 'Salvar cartão', 'cancel_text': 'Cancelar',
        'safe': 'Os dados do cartão chegam só à GreenPay.',
        'hints_title': 'Sandbox: cartões de teste',
        'wrong': 'Confira o número do cartão e a validade.',
        'approved': 'é aprovado', 'funds': 'não tem saldo', 'old': 'está vencido',
        'expired': 'Esta sessão expirou.',
        'declined': 'é recusado', 'paid': 'Este pagamento já foi feito.',
        'unknown': 'Esta página não existe.', 'close': 'Volte à página de onde veio.',
    },
}
