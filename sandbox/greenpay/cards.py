"""The test cards that GreenPay publishes. Any other number that passes the Luhn check approves."""

APPROVED = '4111111111111111'

DECLINED = {
    '4539790114303785': '01',
    '4319593393858768': '03',
    '4485970366452449': '05',
    '4485684474633390': '12',
    '4916402417466144': '14',
    '4929639391534299': '41',
    '4094394314664828': '51',
    '4539610492212483': '54',
    '4929942460623880': '91',
    '4916869335186964': '96',
    # Ours, for GreenPay's own two codes.
    '4000000000008997': '899',
    '4000000000009961': '996',
}

TEXTS = {
    '00': 'Aprobada',
    '01': 'Refierase al emisor',
    '03': 'Comercio inválido',
    '05': 'Denegada',
    '12': 'Transacción inválida',
    '14': 'Tarjeta inválida',
    '41': 'Tarjeta perdida',
    '51': 'Fondos insuficientes',
    '54': 'Tarjeta vencida',
    '91': 'Emisor no contesta',
    '96': 'No soportada',
    '899': 'Timeout: se aplica reversión',
    '996': 'Transacción fraudulenta',
}
