"""The inbox has no foreign key to its app any more, see `Many2oneUnchecked`, and one index less."""


def migrate(cr, version):
    cr.execute("ALTER TABLE email_pay_event DROP CONSTRAINT email_pay_event_provider_id_fkey")
    cr.execute(
        "DELETE FROM ir_model_constraint WHERE name = 'email_pay_event_provider_id_fkey'")
    cr.execute("DROP INDEX IF EXISTS email_pay_event__reference_index")
