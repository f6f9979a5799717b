import io

from odoo import models


class IrActionsReport(models.Model):
    _inherit = 'ir.actions.report'

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Override of `base`: the PDFs of a batch of receipts are kept in the context. They can be
        made together, which is much faster than one by one, and the copy of a mail has the same."""
        kept = self.env.context.get('email_pay_pdfs')
        if kept is None or not res_ids:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids)
        report = self._get_report(report_ref)
        if missing := [res_id for res_id in res_ids if (report.id, res_id) not in kept]:
            made = super()._render_qweb_pdf_prepare_streams(report_ref, data, missing)
            kept.update({(report.id, res_id): made[res_id]['stream'].getvalue()
                         for res_id in missing})
        return {
            res_id: {'stream': io.BytesIO(kept[report.id, res_id]), 'attachment': None}
            for res_id in res_ids
        }

    def _build_wkhtmltopdf_args(self, *args, **kwargs):
        """Override of `base`: no script of a receipt draws anything for which it waits a second."""
        command = super()._build_wkhtmltopdf_args(*args, **kwargs)
        if self.env.context.get('email_pay_pdfs') is not None:
            command[command.index('--javascript-delay') + 1] = '0'
        return command
