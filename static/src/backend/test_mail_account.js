import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { Component, onWillUpdateProps, useState } from "@odoo/owl";

/** Tests a mail account as it stands in the form: without saving it, and it stays as it is. */
export class TestMailAccount extends Component {
    static template = "email_pay.TestMailAccount";
    static props = standardWidgetProps;

    setup() {
        this.orm = useService("orm");
        this.state = useState({ busy: false, answer: null });
        onWillUpdateProps(({ record }) => {
            if (record.id !== this.props.record.id) {
                this.state.answer = null;
            }
        });
    }

    async test() {
        const { record } = this.props;
        const changes = await record.getChanges();
        Object.assign(this.state, { busy: true, answer: null });
        try {
            const ids = record.resId ? [record.resId] : [];
            this.state.answer = await this.orm.call(record.resModel, "email_pay_test", [ids, changes]);
            await this.keep(this.state.answer);
        } finally {
            this.state.busy = false;
        }
    }

    /** What passed the test is saved as tested, as long as it is saved as it is. */
    async keep({ proof }) {
        const { record } = this.props;
        if (proof) {
            await record.update({ email_pay_proof: proof });
        } else if (record.resId && !(await record.isDirty())) {
            await record.load();
        }
    }
}

registry.category("view_widgets").add("email_pay_test_mail_account", {
    component: TestMailAccount,
    fieldDependencies: [{ name: "email_pay_proof", type: "char" }],
});
