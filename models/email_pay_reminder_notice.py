import logging
from datetime import datetime, time, timedelta

import pytz

from odoo import _, api, fields, models
from odoo.fields import Command

from .email_pay_attention import telling
from .locks import CONFLICTS
from .queues import work_off
from .reminder_values import step_label

_logger = logging.getLogger(__name__)


class EmailPayReminderNotice(models.Model):
    """What reminds a customer on a day, of one invoice or many; it is one message a day, whoever
    runs the job."""

    _name = 'email.pay.reminder.notice'
    _description = 'Payment Reminder'
    _order = 'day desc, id desc'
    _rec_name = 'partner_id'

    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True)
    partner_id = fields.Many2one(
        'res.partner', string="Customer", required=True, readonly=True, index=True,
        ondelete='cascade',
    )
    day = fields.Date(required=True, readonly=True)
    state = fields.Selection(
        [
            ('queued', "Queued"),
            ('sent', "Sent"),
            ('skipped', "Not sent"),
            ('failed', "Failed"),
        ],
        default='queued', required=True, readonly=True,
    )
    reason = fields.Char(readonly=True)
    reminder_id = fields.Many2one(
        'email.pay.reminder', string="Schedule", readonly=True, ondelete='set null',
    )
    link_id = fields.Many2one(
        'email.pay.link', string="Payment Link", readonly=True, index='btree_not_null',
        ondelete='set null',
    )
    email = fields.Char(string="E-mailed to", readonly=True)
    message_id = fields.Char(readonly=True, copy=False, index='btree_not_null')
    phone = fields.Char(string="Texted to", readonly=True)
    sent_at = fields.Datetime(string="Sent on", readonly=True)
    item_ids = fields.One2many(
        'email.pay.reminder.item', 'notice_id', string="Reminded of", readonly=True,
    )
    step = fields.Char(compute='_compute_step')
    documents = fields.Char(compute='_compute_documents')

    _one_a_day = models.UniqueIndex(
        '(company_id, partner_id, day)', "A customer is reminded once a day.",
    )
    _queued = models.Index("(id) WHERE state = 'queued'")

    @api.depends('item_ids.delay')
    @api.depends_context('lang')
    def _compute_step(self):
        for notice in self:
            delays = notice.item_ids.mapped('delay')
            notice.step = step_label(self.env, max(delays)) if delays else ''

    @api.depends('item_ids.move_id.name')
    def _compute_documents(self):
        for notice in self:
            notice.documents = notice._documents()

    # === THE JOB === #

    @api.model
    def _send_queued(self):
        """Send what is queued, a commit each."""
        work_off(self, [('state', '=', 'queued')], lambda notice: notice._try_to_send())

    def _try_to_send(self):
        """Send it, or tell a person that it cannot be written."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._send()
        except CONFLICTS:
            raise
        except Exception as error:
            _logger.exception("The reminder of customer %s failed", self.partner_id.id)
            self.env['email.pay.portal']._speak(self)._fail(str(error))

    def _send(self):
        """Send it as things are now, or say why not."""
        portal = self.env['email.pay.portal']._for_company(self.company_id)
        if not self._is_due(portal):
            self.unlink()
            return
        reminders = portal._reminders(self.day, self.partner_id)
        if not reminders:
            self.unlink()  # paid meanwhile
        elif reason := reminders[0].reason:
            self.write({'state': 'skipped', 'reason': reason})
        else:
            portal._speak(self)._remind(reminders[0])

    def _is_due(self, portal):
        """Whether this is of today and wanted still; each day has its own."""
        return (
            portal.company_id == self.company_id and portal._sends_reminders()
            and portal._statement_today() == self.day
        )

    def _remind(self, reminder):
        step, customer = reminder.step, self.partner_id
        links = self.env['email.pay.link']
        mailed = step.channel != 'sms' and not step._mail_obstacles(customer)[customer]
        self.write({
            'state': 'sent',
            'sent_at': fields.Datetime.now(),
            'reminder_id': step.id,
            'link_id': links._for_customer(customer, self.company_id).id,
            'email': mailed and customer._email_pay_address(),
            'item_ids': [Command.create(self._item_values(part)) for part in reminder.parts],
        })
        if mailed:
            mail_id = step._template('mail')._email_pay_send(
                self, email_pay_until=self._end_of_day())
            self.message_id = self.env['mail.mail'].sudo().browse(mail_id).message_id
            self.link_id._record_sent(mail_state='sent', mail_error=False)
            self.env.ref('mail.ir_cron_mail_scheduler_action')._trigger()
        if step.channel != 'mail':
            self._try_sms()
        self._log()

    def _end_of_day(self):
        """When its day is over on the clock of the company, in UTC: the next one has its own."""
        clock = pytz.timezone(self.company_id.partner_id.tz or 'UTC')
        end = clock.localize(datetime.combine(self.day + timedelta(days=1), time()))
        return end.astimezone(pytz.utc).replace(tzinfo=None)

    def _email_pay_mail_refused(self, addresses, reason, left=False):
        """The mail never left, unless it got to another address."""
        self.reason = reason
        self.link_id._email_pay_mail_refused(addresses, reason, left=left)
        if not left:
            self._make_up_for()

    def _record_bounce(self, reason):
        """The mail came back."""
        for notice in self:
            notice.reason = reason
            notice._make_up_for()

    def _make_up_for(self):
        """Nobody got the mail: the step is made up for, unless a text message told of it."""
        self.email = False
        if not self.phone:
            self.state = 'failed'
            self.item_ids.unlink()

    def _item_values(self, part):
        return {
            'move_id': part.move_id, 'due_date': part.due_date, 'delay': part.delay,
            'section': part.section, 'currency_id': part.currency.id, 'amount': part.amount,
        }

    def _try_sms(self):
        """The text message. Where a mail goes out too, nothing that happens here keeps it back."""
        try:
            with self.env.cr.savepoint():
                template = self.reminder_id._template('sms')
                text = template._render_field('body', self.ids, compute_lang=True)[self.id]
                self.link_id._send_sms(text)
                self.phone = self.link_id.phone
        except CONFLICTS:
            raise
        except Exception as error:
            if not self.email:
                raise
            _logger.info("No text message to customer %s: %s", self.partner_id.id, error)
            self.reason = _("The text message was not sent: %s", error)

    def _fail(self, error):
        """Keep the reason, and ask a person once a day: what one mail lacks, all may lack."""
        failed = [('company_id', '=', self.company_id.id), ('day', '=', self.day),
                  ('state', '=', 'failed')]
        first = not self.search_count(failed, limit=1)
        self.write({'state': 'failed', 'reason': error})
        if not first:
            return
        with telling(self.env.cr, "Nobody could be told of reminder %s", self.id):
            self.env['email.pay.attention']._ask_attention(
                self.company_id, self.partner_id, _("No reminder was sent"),
                _("The reminder could not be written: %s. Correct the template of the reminder. It"
                  " is tried again tomorrow; “Reminders” lists who else got none.", error),
            )

    def _log(self):
        """Tell the chatters of the customer and of each invoice which reminder went where."""
        where = ', '.join(filter(None, (self.email, self.phone)))
        bodies = {}
        for move, items in self.item_ids.grouped('move_id').items():
            bodies[move.id] = _(
                "Reminder “%(step)s” sent to %(address)s.",
                step=items[-1:].step, address=where)
        self.item_ids.move_id._message_log_batch(bodies=bodies)
        self.partner_id._message_log(body=_(
            "Reminder of %(documents)s sent to %(address)s.",
            documents=self._documents(), address=where))


class EmailPayReminderItem(models.Model):
    """What a customer was reminded of: each step of what is due on a day once, for ever."""

    _name = 'email.pay.reminder.item'
    _description = 'Reminded Document'
    _order = 'due_date, id'
    _rec_name = 'move_id'

    # Kept when two customers are merged who were both reminded on a day.
    notice_id = fields.Many2one(
        'email.pay.reminder.notice', readonly=True, index=True, ondelete='set null',
    )
    move_id = fields.Many2one(
        'account.move', string="Document", required=True, readonly=True, index=True,
        ondelete='cascade',
    )
    due_date = fields.Date(required=True, readonly=True)
    delay = fields.Integer(
        required=True, readonly=True, help="Days after the due date; negative before it.")
    section = fields.Char(readonly=True)
    currency_id = fields.Many2one('res.currency', required=True, readonly=True)
    amount = fields.Monetary(string="Due", readonly=True)
    step = fields.Char(compute='_compute_step')

    _once = models.UniqueIndex(
        '(move_id, due_date, delay)', "The customer was reminded of this already.",
    )

    @api.depends('delay')
    @api.depends_context('lang')
    def _compute_step(self):
        for item in self:
            item.step = step_label(self.env, item.delay)
