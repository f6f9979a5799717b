from contextlib import contextmanager

from markupsafe import escape

from odoo import api, models
from odoo.tools import SQL

# The arguments of a plain note: no recipients, no attachments, nothing that is sent.
NOTE_ARGUMENTS = {'author_id', 'body', 'subtype_id', 'tracking_value_ids'}
# The notes to which belongs what a database transaction tracks on invoices, in its bookings.
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
    """Notes for the chatters of many invoices, written together when the outermost `with` ends."""

    def __init__(self, env):
        self.env = env(context={**env.context, 'email_pay_notes': self})
        self._kept = []
        self._logs = []
        self._depth = 0

    @classmethod
    def of(cls, env):
        """Those that are kept already where `env` comes from, else new ones."""
        return env.context.get('email_pay_notes') or cls(env)

    def __enter__(self):
        self._depth += 1
        return self

    def __exit__(self, error, *_details):
        self._depth -= 1
        if not self._depth and not error and self._kept:
            kept, self._kept = self._kept, []
            self.env['account.move']._email_pay_write_notes(kept)
        if not self._depth and not error and self._logs:
            logs, self._logs = self._logs, []
            for turn in in_turns(logs, lambda log: log[0].ids):
                records = logs[0][0].browse([record.id for record, _body in turn])
                records._message_log_batch({record.id: body for record, body in turn})

    def keep(self, move, arguments):
        """Keep a note; false when it is no plain note or too late."""
        if self._depth and arguments.keys() <= NOTE_ARGUMENTS:
            self._kept.append((move, arguments))
            return True
        return False

    def keep_log(self, plan, body):
        """The same for what is logged on a plan."""
        if self._depth:
            self._logs.append((plan, body))
        return bool(self._depth)

    @contextmanager
    def savepoint(self):
        """As that of a cursor; what is rolled back is not noted."""
        kept, logs = len(self._kept), len(self._logs)
        try:
            with self.env.cr.savepoint():
                yield
        except BaseException:
            del self._kept[kept:], self._logs[logs:]
            raise


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
        if not (notes := self.env.cr.precommit.data.get(BOOKING)):
            return super()._message_track(fields_iter, initial_values_dict)
        with notes:
            return super(
                AccountMove, self.with_context(email_pay_notes=notes)
            )._message_track(fields_iter, initial_values_dict)

    @api.model
    def _email_pay_write_notes(self, notes):
        """Write notes as `message_post` would: pairs of an invoice and the arguments, in order.
        Where somebody asked to be told of such notes, Odoo posts them."""
        note = self.env['ir.model.data']._xmlid_to_res_id('mail.mt_note')
        notes = [(move, {'subtype_id': note, 'author_id': None} | args) for move, args in notes]
        moves = self.union(*(move for move, _args in notes))
        followed = self._email_pay_followed_notes(notes)
        common = {
            author_id: moves._email_pay_note_values(author_id)
            for author_id in {args['author_id'] for _move, args in notes}
        }
        for turn in in_turns(notes, lambda note: note[0].ids):
            plain = []
            for move, args in turn:
                if (move.id, args['subtype_id']) in followed:
                    move.message_post(**args)
                else:
                    plain.append((move, {**args, **common[args['author_id']][move.id]}))
            if plain:
                self._email_pay_create_notes(plain)

    @api.model
    def _email_pay_followed_notes(self, notes):
        """The pairs of invoice id and subtype id of which a follower wants to be told."""
        followers = self.env['mail.followers'].sudo().search([
            ('res_model', '=', self._name), ('res_id', 'in', [move.id for move, _args in notes]),
            ('subtype_ids', 'in', list({args['subtype_id'] for _move, args in notes})),
        ])
        return {(f.res_id, subtype.id) for f in followers for subtype in f.subtype_ids}

    def _email_pay_note_values(self, author_id):
        """The values, by invoice id, that all notes of an author have."""
        author_id, email_from = self._message_compute_author(author_id)
        domains = self.sudo()._mail_get_alias_domains(default_company=self.env.company)
        companies = self._mail_get_companies(default=self.env.company)
        reply_to = self._notify_get_reply_to(default=email_from, author_id=author_id)
        return {
            move.id: {
                'model': self._name,
                'res_id': move.id,
                'message_type': 'notification',
                'attachment_ids': [],
                'email_add_signature': True,
                'author_id': author_id,
                'email_from': email_from,
                'record_alias_domain_id': domains[move.id].id,
                'record_company_id': companies[move.id].id,
                'reply_to': reply_to[move.id],
            }
            for move in self
        }

    @api.model
    def _email_pay_create_notes(self, notes):
        moves = self.browse([move.id for move, _values in notes])
        parents = moves._email_pay_last_messages()
        values_list = [
            {**values, 'body': escape(values.get('body', '')), 'parent_id': parents.get(move.id)}
            for move, values in notes
        ]
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
