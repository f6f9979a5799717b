"""Goal 12: the page of a statement with a thousand documents beside that of one with ten."""

from urllib.parse import urlsplit

from .. import rpc
from ..home import Failure
from .measure import in_turns, ratio, typical
from .result import at_most, counted, ms
from .sockets import ask, get
from .stage import WORKERS

FEW, MANY = 10, 1000
VISITS = 10


def served(stage):
    with stage.shell('ours', 'statements') as call:
        customers = call('create_statements', counts=[FEW, MANY])
    with stage.serving(stage.database('ours', 'statements')) as server:
        (few, _all), (many, shown) = (_let_in(server, customer) for customer in customers)
        for page in (few, many, shown):
            for _ in range(3):
                server.warm_up([page] * WORKERS)
        mark = server.mark()
        taken = in_turns(
            stage.rounds, VISITS,
            few=lambda: _seen(server, few).seconds, many=lambda: _seen(server, many).seconds,
            shown=lambda: _seen(server, shown).seconds)
        sql = counted(server.queries('/pay/l/', mark))
    return [
        at_most(
            12, f'statement of {MANY}{how}, p50, of one of {FEW}', ms(typical(taken[name])),
            ms(typical(taken['few'])), ratio(taken[name], taken['few']), 2, (sql,))
        for name, how in (('many', ''), ('shown', ', all shown'))
    ]


def _let_in(server, customer):
    """Follow the link of a customer as a browser does: the requests for the page as it comes, and
    with all documents shown."""
    accountant = rpc.Session(server.url, server.database, 'accountant', 'accountant')
    action = accountant.call('res.partner', 'action_copy_payment_link', [customer])
    answer = _seen(server, get(urlsplit(action['params']['url']).path), kind=3)
    cookie = answer.header('set-cookie').partition(';')[0]
    path = urlsplit(answer.header('location')).path
    return get(path, Cookie=cookie), get(f'{path}?all=1', Cookie=cookie)


def _seen(server, request, kind=2):
    answer = ask(server.port, request)
    if answer.status // 100 != kind:
        raise Failure(f'The statement answers {answer.status}, see {server.log}.')
    return answer
