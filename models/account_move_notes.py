from collections import defaultdict
from contextlib import contextmanager

from markupsafe import escape

from odoo import api, models
from odoo.tools import SQL

# The arguments of a plain note: no recipients, no attachments, nothing that is sent.
NOTE_ARGUMENTS = {'author_id', 'body', 'subtype_id', 'tracking_value_ids'}
# Said in the database transaction when what it tracks on invoices comes from bookings.
BOOKING = 'email_pay.booking'


def in_turns(items, keys_of):
    """Divide `items` into lists, in order, so that no list has the same key twice."""
    turns = []
    for item in items:
        keys = set(keys_of(item))
        turn = next((n + 1 for n in reversed(range(len(turns))) if turns[n][1] & keys), 0)
        if turn == len(turns):
            turns.append(([], set()))
        turns[turn][0].append(item)
        turns[turn][1].update(keys)
    return [items for items, _keys in turns]


class Notes:
    """Notes for the chatters of many invoices, to be written together."""

    def __init__(self, env):
        self.env = env(context={**env.context, 'email_pay_notes': self})
        self._kept = []
        self._open = True

    def keep(self, move, arguments):
        """Keep a note until `post`; false when it is no plain note or too late."""
        if self._open and arguments.keys() <= NOTE_ARGUMENTS:
            self._kept.append((move, arguments))
            return True
        return False

    @contextmanager
    def savepoint(self):
        """As that of a cursor; what is rolled back is not noted."""
        kept = len(self._kept)
        try:
            with self.env.cr.savepoint():
                yield
        except BaseException:
            del self._kept[kept:]
            raise

    def post(self):
        """Write what was kept. A later note of an invoice follows the earlier ones."""
        self._open = False
        for notes in in_turns(self._kept, lambda note: note[0].ids):
            self.env['account.move']._email_pay_write_notes(notes)


class AccountMove(models.Model):
    """The chatter of many invoices at once: the messages that Odoo posts one by one."""

    _inherit = 'account.move'

    def message_post(self, **kwargs):
        """Override of `mail`: while many payments are booked, plain notes are written together."""
        notes = self.env.context.get('email_pay_notes')
        if notes and notes.keep(self, kwargs):
            return self.env['mail.message']
        return super().message_post(**kwargs)

    def _message_track(self, fields_iter, initial_values_dict):
        """Override of `mail`: the same for what changed when payments were booked."""
        if not self.env.cr.precommit.data.get(BOOKING):
            return super()._message_track(fields_iter, initial_values_dict)
        notes = Notes(self.env)
        tracked = super(AccountMove, self.with_env(notes.env))._message_track(
            fields_iter, initial_values_dict
        )
        notes.post()
        return tracked

    @api.model
    def _email_pay_write_notes(self, notes):
        """Write notes as `message_post` would: `notes` are pairs of an invoice, each once, and the
        arguments. Where somebody asked to be told of such notes, Odoo posts them."""
        note = self.env['ir.model.data']._xmlid_to_res_id('mail.mt_note')
        notes = [(move, {'subtype_id': note, 'author_id': None} | args) for move, args in notes]
        followed = self._email_pay_followed_notes(notes)
        by_author = defaultdict(list)
        for move, arguments in notes:
            if (move.id, arguments['subtype_id']) in followed:
                move.message_post(**arguments)
            else:
                by_author[arguments['author_id']].append((move, arguments))
        for author_id, written in by_author.items():
            self._email_pay_create_notes(author_id, written)

    @api.model
    def _email_pay_followed_notes(self, notes):
        """The pairs of invoice id and subtype id of which a follower wants to be told."""
        followers = self.env['mail.followers'].sudo().search([
            ('res_model', '=', self._name), ('res_id', 'in', [move.id for move, _args in notes]),
            ('subtype_ids', 'in', list({args['subtype_id'] for _move, args in notes})),
        ])
        return {(f.res_id, subtype.id) for f in followers for subtype in f.subtype_ids}

    @api.model
    def _email_pay_create_notes(self, author_id, notes):
        moves = self.browse([move.id for move, _arguments in notes])
        author_id, email_from = self._message_compute_author(author_id)
        domains = moves.sudo()._mail_get_alias_domains(default_company=self.env.company)
        companies = moves._mail_get_companies(default=self.env.company)
        reply_to = moves._notify_get_reply_to(default=email_from, author_id=author_id)
        parents = moves._email_pay_last_messages()
        values_list = [{
            'model': self._name,
            'res_id': move.id,
            'message_type': 'notification',
            'attachment_ids': [],
            'email_add_signature': True,
            **arguments,
            'body': escape(arguments.get('body', '')),
            'author_id': author_id,
            'email_from': email_from,
            'parent_id': parents.get(move.id),
            'record_alias_domain_id': domains[move.id].id,
            'record_company_id': companies[move.id].id,
            'reply_to': reply_to[move.id],
        } for move, arguments in notes]
        for move, message, values in zip(
            moves, moves._message_create(values_list), values_list, strict=True
        ):
            move._message_post_after_hook(message, values)

    def _email_pay_last_messages(self):
        """The message that a new one follows, as `_message_compute_parent_id` chooses it."""
        self.env['mail.message'].flush_model(['date', 'message_type', 'model', 'res_id'])
        return dict(self.env.execute_query(SQL(
            """
            SELECT DISTINCT ON (res_id) res_id, id FROM mail_message
             WHERE model = %s AND res_id IN %s AND message_type != 'user_notification'
             ORDER BY res_id, message_type IN ('comment', 'email') DESC,
                      COALESCE(date, create_date) DESC, id DESC
            """, self._name, tuple(self.ids),
        )))
