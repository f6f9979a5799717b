from odoo.tests import TransactionCase, tagged


@tagged('post_install', '-at_install')
class TestIndexes(TransactionCase):
    """What Odoo's own linter asks of all modules, asked of this one."""

    def test_the_inverse_of_every_list_has_an_index(self):
        lists = [
            field for model in self.env.values() for field in model._fields.values()
            if field.type == 'one2many' and field.inverse_name and 'email_pay' in field._modules
        ]
        self.assertTrue(lists)
        bare = [
            str(inverse) for inverse in map(self._inverse, lists)
            if inverse and inverse.store and inverse.column_type and not inverse.index
        ]
        self.assertEqual(bare, [])

    def _inverse(self, field):
        """The stored field that a list reads, where its records are kept."""
        model = self.env[field.comodel_name]
        if not model._auto or model._abstract or model.is_transient():
            return None
        return model._fields[field.inverse_name].base_field
