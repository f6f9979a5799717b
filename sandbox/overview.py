"""`/`: what a person sees of the sandbox, and the buttons that make things happen."""

from collections.abc import Iterator
from html import escape

from .courier import Delivery
from .faults import REQUEST_KINDS, Fault, Kind
from .ledger import COLLECTING, Entry
from .page import POLICY, page, table, time_tag, top_links
from .standin import Route, StandIn
from .web import Request, Response, as_html

SHOWN = 50
WORDS = {
    Kind.SLOW: 'answer late',
    Kind.HTTP_500: 'answer 500',
    Kind.CUT: 'cut the connection',
    Kind.COMMUNICATION_ERROR: 'say “outcome unknown”',
    Kind.DUPLICATE: 'send it more than once',
    Kind.DELAY: 'send it late',
    Kind.SHUFFLE: 'send the newest first',
    Kind.DROP: 'never send it',
    Kind.FORGE: 'sign it with a wrong key',
    Kind.UNSIGNED: 'send it unsigned',
}
OPERATIONS = (
    'sale', 'auth', 'capture', 'void', 'refund', 'query', 'order', 'tokenize', 'charge',
)


class Overview:
    def __init__(self, sandbox):
        self._sandbox = sandbox

    def routes(self) -> Iterator[Route]:
        yield 'GET', '/', self._page

    def _page(self, _request: Request) -> Response:
        sandbox = self._sandbox
        gateways = ''.join(map(_gateway, sandbox.gateways.values()))
        content = ''.join((
            '<div data-refresh>',
            '<p class="notice">Stand-ins of payment gateways. No real money moves here.</p>',
            gateways,
            self._ledger(),
            self._deliveries(),
            '</div>',
            self._faults(),
        ))
        links = top_links(sandbox.odoo_url, bool(sandbox.mailbox))
        return as_html(page('Overview', content, links), POLICY)

    def _ledger(self) -> str:
        entries = self._sandbox.ledger.entries()[::-1][:SHOWN]
        headings = ('Time', 'Operation', 'Order', 'Amount', 'Result', 'Transaction', '')
        rows = [_entry_row(entry, self._sandbox.gateways[entry.gateway]) for entry in entries]
        return _card('Ledger', table('ledger', headings, rows, 'Nothing was charged yet.'))

    def _deliveries(self) -> str:
        deliveries = self._sandbox.courier.deliveries()[::-1][:SHOWN]
        headings = ('Event', 'To', 'State', 'Answers', '')
        rows = [_delivery_row(delivery) for delivery in deliveries]
        return _card('Notifications', table('deliveries', headings, rows, 'None was sent yet.'))

    def _faults(self) -> str:
        chips = ''.join(map(_fault_chip, self._sandbox.faults.all()))
        return _card('Faults', f'<p class="chips" data-refresh>{chips}</p>{_fault_form()}')


def _card(title: str, content: str) -> str:
    return f'<section class="card"><h2>{escape(title)}</h2>{content}</section>'


def _button(text: str, address: str, method: str = 'POST') -> str:
    return (
        f'<button type="button" data-method="{method}" data-address="{escape(address)}">'
        f'{escape(text)}</button>'
    )


def _state(text: str, mood: str) -> str:
    return f'<span class="state {mood}">{escape(text)}</span>'


def _gateway(gateway: StandIn) -> str:
    described = gateway.describe()
    merchants = ''.join(_merchant(merchant) for merchant in described['merchants'])
    cards = ''.join(
        f'<li><code>{escape(number)}</code> {escape(outcome)}</li>'
        for number, outcome in described['cards'].items()
    )
    return _card(gateway.title, (
        f'{_desk(gateway, described)}{merchants}'
        f'<details><summary>Test cards</summary><ul class="cards">{cards}</ul></details>'
    ))


def _desk(gateway: StandIn, described: dict) -> str:
    start = f'/control/{gateway.name}/desk'
    buttons = ''.join(_button(name, f'{start}/{name}') for name in gateway.desk)
    clock = f'It is {escape(described["clock"])} there.' if 'clock' in described else ''
    return f'<p class="buttons">{clock} {buttons}</p>' if buttons else ''


def _merchant(merchant: dict) -> str:
    rows = ''.join(
        f'<dt>{escape(name.replace("_", " ").capitalize())}</dt><dd>{_value(value)}</dd>'
        for name, value in merchant.items() if name != 'name'
    )
    return f'<details><summary>{escape(merchant["name"])}</summary><dl>{rows}</dl></details>'


def _value(value) -> str:
    if isinstance(value, list):
        return '<br>'.join(escape(str(item)) for item in value) or '—'
    return f'<code>{escape(str(value))}</code>'


def _entry_row(entry: Entry, gateway: StandIn) -> list[str]:
    mood = 'good' if entry.success else 'bad'
    start = f'/control/{entry.gateway}/transactions/{entry.id}'
    actions = gateway.back_office if entry.success and entry.operation in COLLECTING else ()
    buttons = ''.join(_button(name, f'{start}/{name}') for name in actions)
    return [
        time_tag(entry.time),
        escape(entry.operation),
        f'<b>{escape(entry.order_id)}</b>',
        f'<span class="money">{entry.amount:,.2f} {escape(entry.currency)}</span>',
        _state(f'{entry.code} {entry.text}', mood),
        f'<code>{escape(entry.id)}</code>',
        f'<span class="buttons">{buttons}</span>' if buttons else '',
    ]


def _delivery_row(delivery: Delivery) -> list[str]:
    content = delivery.as_json()
    moods = {'delivered': 'good', 'failed': 'bad', 'dropped': 'bad'}
    answers = ', '.join(str(a['status'] or a.get('error', '')) for a in delivery.attempts)
    proof = '' if delivery.proof == 'true' else f' {_state(delivery.proof, "bad")}'
    resend = _button('resend', f'/control/deliveries/{delivery.id}/resend')
    return [
        f'<b>{escape(content["event"])}</b>{proof}',
        f'<code>{escape(content["url"])}</code>',
        _state(delivery.state, moods.get(delivery.state, 'wait')),
        escape(answers) or '—',
        f'<span class="buttons">{resend}</span>',
    ]


def _fault_chip(fault: Fault) -> str:
    left = 'until cleared' if fault.times is None else f'{fault.times - fault.used}×'
    where = ', '.join(sorted(fault.operations)) or 'everything'
    acted = ', charged' if fault.charged else ''
    text = f'{WORDS[fault.kind]} ({where}{acted}, {left})'
    return (
        f'<span class="chip">{escape(text)} '
        f'{_button("clear", f"/control/faults/{fault.id}", "DELETE")}</span>'
    )


def _fault_form() -> str:
    return f"""<form class="fault" data-address="/control/faults">
<label>For the next <input name="times" type="number" min="1" value="1"></label>
<label>operations of type <select name="operations"><option value="">any</option>
{''.join(f'<option>{operation}</option>' for operation in OPERATIONS)}</select></label>
<label>let the gateway <select name="kind">
<optgroup label="Request">{_options(REQUEST_KINDS)}</optgroup>
<optgroup label="Notification">{_options(frozenset(Kind) - REQUEST_KINDS)}</optgroup>
</select></label>
<label>seconds <input name="seconds" type="number" min="0" step="0.5" value="2"></label>
<label>copies <input name="copies" type="number" min="2" max="20" value="3"></label>
<label class="check"><input name="charged" type="checkbox"> but act first</label>
<button class="primary">Add fault</button>
<p class="problem" role="alert" hidden></p>
</form>"""


def _options(kinds: frozenset[Kind]) -> str:
    return ''.join(
        f'<option value="{kind}">{escape(words)}</option>'
        for kind, words in WORDS.items() if kind in kinds
    )
