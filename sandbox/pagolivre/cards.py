"""Test cards. PagoLivre publishes none; these are ours."""

APPROVED = '4111111111111111'

DECLINED = {
    '4000000000009995': 'Saldo insuficiente',
    '4000000000000002': 'Cartão recusado pelo banco emissor',
    '4000000000000069': 'Cartão vencido',
}
EXPIRED = 'Cartão vencido'
REFUSED = 'Cartão recusado pelo banco emissor'
