from odoo import api, fields, models

from .reminder_values import step_label

# What is offered: days after the due date, negative before it.
USUAL_STEPS = (-3, 0, 7, 15, 30)
CHANNELS = [
    ('mail', "E-mail"),
    ('sms', "SMS"),
    ('both', "E-mail and SMS"),
]
# From friendly to firm: the last part of the templates' names.
TONES = ('before', 'due', 'late')
# From how many days after the due date the words are firm.
LATE_DAYS = 15
# A change of one of these begins the step anew: nobody is reminded of what was due long before.
BEGINS_ANEW = {'days', 'moment', 'active'}


class EmailPayReminder(models.Model):
    """A step of a company's schedule: on which day customers are reminded, how, and in which words.
    """

    _name = 'email.pay.reminder'
    _description = 'Step of the Reminders'
    _order = 'delay, id'

    portal_id = fields.Many2one(
        'email.pay.portal', required=True, readonly=True, index=True, ondelete='cascade',
    )
    company_id = fields.Many2one(related='portal_id.company_id')
    active = fields.Boolean(string="Sent", default=True)
    days = fields.Integer(default=7, required=True)
    moment = fields.Selection(
        [('before', "Before the due date"), ('after', "After the due date")],
        string="When", default='after', required=True,
        help="0 days is the due date itself.",
    )
    delay = fields.Integer(
        compute='_compute_delay', store=True, readonly=True,
        help="Days after the due date; negative before it.",
    )
    channel = fields.Selection(CHANNELS, default='mail', required=True)
    mail_template_id = fields.Many2one(
        'mail.template', string="E-mail", domain=[('model', '=', 'email.pay.reminder.notice')],
        compute='_compute_templates', store=True, readonly=False, ondelete='set null',
    )
    sms_template_id = fields.Many2one(
        'sms.template', string="Text Message",
        domain=[('model', '=', 'email.pay.reminder.notice')],
        compute='_compute_templates', store=True, readonly=False, ondelete='set null',
    )
    since = fields.Date(
        required=True, readonly=True, default=fields.Date.context_today,
        help="Whoever came to this step before that day is not reminded by it.",
    )

    _days_in_range = models.Constraint(
        'CHECK(days BETWEEN 0 AND 730)', "A reminder is sent at most 730 days from the due date.",
    )
    _once_a_day = models.UniqueIndex(
        '(portal_id, delay)', "There is a reminder for this day already.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps._begin()
        return steps

    def write(self, vals):
        result = super().write(vals)
        if BEGINS_ANEW & vals.keys():
            self._begin()
        return result

    def _begin(self):
        """Let these steps count from today on, the clock being the company's."""
        for step in self:
            step.since = step.portal_id._statement_today()

    @api.depends('days', 'moment')
    def _compute_delay(self):
        for step in self:
            step.delay = -step.days if step.moment == 'before' else step.days

    @api.depends('delay')
    def _compute_templates(self):
        for kind in ('mail', 'sms'):
            usual = [self._toned_template(kind, tone) for tone in TONES]
            for step in self:
                # Words that somebody wrote are kept when the day is another one.
                if not step[f'{kind}_template_id'] or step[f'{kind}_template_id'] in usual:
                    step[f'{kind}_template_id'] = step._usual_template(kind)

    @api.depends('delay')
    @api.depends_context('lang')
    def _compute_display_name(self):
        for step in self:
            step.display_name = step_label(self.env, step.delay)

    def _usual_template(self, kind):
        before, due, late = TONES
        tone = before if self.delay < 0 else due if self.delay < LATE_DAYS else late
        return self._toned_template(kind, tone)

    @api.model
    def _toned_template(self, kind, tone):
        return self.env.ref(f'email_pay.{kind}_template_reminder_{tone}', raise_if_not_found=False)

    def _template(self, kind):
        """The words (sudo) of this step; `kind` is mail or sms."""
        return (self[f'{kind}_template_id'] or self._usual_template(kind)).sudo()

    @api.model
    def _usual_values(self):
        return [
            {'days': abs(delay), 'moment': 'before' if delay < 0 else 'after'}
            for delay in USUAL_STEPS
        ]

    def _obstacles(self, customers):
        """Why this step cannot reach each customer, as a sentence; '' when it can."""
        by_mail = self._mail_obstacles(customers)
        if self.channel == 'mail':
            return by_mail
        by_sms = customers._email_pay_unreachable_by_sms()
        if self.channel == 'sms':
            return by_sms
        return {customer: by_sms[customer] and by_mail[customer] for customer in customers}

    @api.model
    def _mail_obstacles(self, customers):
        return customers._email_pay_unreachable_by_mail() | customers._email_pay_came_back()
