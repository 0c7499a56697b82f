"""The mails in German."""

from services.notifications.domain.wording.texts import Buttons, Kinds, Labels, Plural, Texts

TEXTS = Texts(
    language="de",
    greeting="Guten Tag {name},",
    questions="Fragen zu dieser Rechnung? Schreiben Sie an {provider}:",
    phone="oder rufen Sie an:",
    sent_by="{provider} sendet diese Mail, weil Ihr Telefondienst darüber abgerechnet wird.",
    kinds=Kinds("Karte", "Bankkonto", "Überweisung", "Scheck", "Barzahlung", "Zahlung"),
    invoices=Plural("Rechnung {numbers}", "Rechnungen {numbers}"),
    labels=Labels(
        invoice="Rechnung",
        invoice_number="Rechnung {number}",
        owed_row="Rechnung {number}, fällig am {day}",
        issued="Ausgestellt",
        total="Gesamtbetrag",
        credit_used="Verrechnetes Guthaben",
        amount_due="Offener Betrag",
        due="Fällig am",
        paid="Bezahlt",
        date="Datum",
        method="Zahlungsart",
        still_due="Noch offen, Rechnung {number}",
        account_credit="Guthaben",
        amount="Betrag",
        suspension="Sperrung",
        suspended_since="Gesperrt seit",
        restored="Wiederhergestellt",
        instalment="Fällig am {day}",
        missed="Versäumt am {day}",
        used="Verbraucht",
        limit="Grenze",
        expires="Gültig bis",
        reason="Grund",
        customer="Kunde",
        fee="Gebühr der Bank",
        returned="Zurückgegeben",
    ),
    buttons=Buttons(
        view_invoice="Rechnung ansehen",
        open_billing="Abrechnung öffnen",
        view_history="Zahlungen ansehen",
        pay_now="Jetzt bezahlen",
        payment_methods="Zahlungsarten öffnen",
    ),
    settled_subject="Rechnung {number}: nichts zu bezahlen",
    settled_heading="Nichts zu bezahlen",
    settled="Ihre Rechnung {number} über {total} ist beglichen. Sie müssen nichts tun.",
    small_subject="Rechnung {number}: {balance}, wird mit der nächsten eingezogen",
    small_heading="{balance} kommt auf Ihre nächste Rechnung",
    small="Ihre Rechnung {number} über {balance} ist zu klein für eine Kartenzahlung. Sie wird zusammen mit Ihrer"
    " nächsten Rechnung eingezogen. Sie müssen nichts tun.",
    issued_subject="Rechnung {number}: {balance} fällig am {due}",
    issued_heading="{balance} sind am {due} fällig",
    issued="Ihre Rechnung {number} von {provider} liegt vor. {balance} sind am {due} fällig.",
    how_to_pay="Mit automatischer Zahlung wird Ihre Standardzahlungsart jetzt belastet und Sie müssen nichts tun."
    " Sonst öffnen Sie die Abrechnung und drücken Jetzt bezahlen.",
    attached="Die Rechnung liegt als PDF bei.",
    receipt_subject="Beleg: {amount} an {provider} gezahlt",
    receipt_heading="{amount} gezahlt",
    received="Vielen Dank. {provider} hat {amount} erhalten ({method}).",
    amount_paid="{amount} gezahlt.",
    of_invoice="Rechnung {number}:",
    overdue_since="{lead} {left} sind seit dem {due} überfällig.",
    still_due="{lead} {left} sind noch am {due} fällig.",
    surplus="{credit} waren mehr, als Sie schuldeten. Der Betrag bleibt als Guthaben stehen und wird mit Ihrer nächsten"
    " Rechnung verrechnet.",
    in_full=Plural("{invoices} ist vollständig bezahlt.", "{invoices} sind vollständig bezahlt."),
    failures={
        "no_funds": "Ihre Bank hat {method} abgelehnt: Die Deckung reicht nicht. Es wurde kein Geld abgebucht. Wählen Sie"
        " eine andere Zahlungsart oder einen kleineren Betrag und drücken Sie Bezahlen.",
        "expired": "{method} ist abgelaufen. Es wurde kein Geld abgebucht. Fügen Sie eine Karte hinzu oder wählen Sie eine"
        " andere Zahlungsart.",
        "declined": "Ihre Bank hat {method} abgelehnt. Es wurde kein Geld abgebucht. Wählen Sie eine andere Zahlungsart"
        " oder rufen Sie Ihre Bank an.",
        "authentication": "Ihre Bank möchte, dass Sie diese Zahlung bestätigen. Es ist kein Geld geflossen. Öffnen Sie die"
        " Abrechnung, drücken Sie Jetzt bezahlen und folgen Sie den Schritten Ihrer Bank.",
        "no_method": "Es ist keine Zahlungsart hinterlegt. Es wurde kein Geld abgebucht. Fügen Sie eine Karte oder ein"
        " Bankkonto hinzu und drücken Sie Bezahlen.",
        "other": "Die Zahlung ({method}) ist nicht zustande gekommen. Es wurde kein Geld abgebucht. Drücken Sie Bezahlen,"
        " um es noch einmal zu versuchen, oder wählen Sie eine andere Zahlungsart.",
    },
    retry="Wir versuchen es am {day} noch einmal. Wenn Sie vorher bezahlen, nicht mehr.",
    no_retry="Die automatische Zahlung versucht es nicht von selbst noch einmal: Bitte bezahlen Sie in der Abrechnung.",
    keeps_failing="Wenn es weiter nicht gelingt, wenden Sie sich an {provider}: Dort kann der Zahlungsdienst gefragt"
    " werden.",
    failed_subject="Zahlung von {amount}{about} fehlgeschlagen: kein Geld abgebucht",
    failed_about=" für {invoices}",
    failed_heading="Ihre Zahlung von {amount} ist fehlgeschlagen",
    due_reminder="{owed} sind am {day} fällig",
    today_reminder="{owed} sind heute fällig",
    overdue_reminder="{owed} sind überfällig",
    subject_of_reminder="Erinnerung: {what}",
    group_due="{invoices}: {owed} sind am {day} fällig.",
    group_today="{invoices}: {owed} sind heute, am {day}, fällig.",
    unpaid=Plural(
        "Rechnung {numbers} war am {day} fällig und ist nicht bezahlt.",
        "Die Rechnungen {numbers} sind nicht bezahlt; die älteste war am {day} fällig.",
    ),
    owe="Offen sind {owed}.",
    will_suspend="Ihr Telefondienst wird am {day} gesperrt, wenn nicht bezahlt wird. Um das zu verhindern, zahlen Sie"
    " vorher {owed}.",
    need_time="Öffnen Sie die Abrechnung und drücken Sie Jetzt bezahlen. Wenn Sie mehr Zeit brauchen, wenden Sie sich an"
    " {provider}: {before}.",
    before_service="bevor der Dienst betroffen ist",
    already_paid="Wenn Sie inzwischen bezahlt haben, müssen Sie nichts tun.",
    suspended="Ihr Telefondienst ist gesperrt",
    suspended_subject="Ihr Telefondienst ist gesperrt: {owed} zahlen, um ihn wiederherzustellen",
    suspended_unpaid="Ihr Telefondienst ist gesperrt. {unpaid} Zahlen Sie {owed}, um den Dienst wiederherzustellen;"
    " Gespräche sind meist nach wenigen Minuten wieder möglich.",
    suspended_by_hand="Ihr Telefondienst ist gesperrt. {provider} hat ihn angehalten; wenden Sie sich zur"
    " Wiederherstellung an {provider}.",
    suspended_by_limit="Ihr Telefondienst ist gesperrt, weil die Nutzung ihre Grenze erreicht hat, damit keine"
    " unerwarteten Kosten entstehen. Wenden Sie sich an {provider}, um die Grenze anheben oder aufheben zu lassen.",
    barred_both="Anrufe können weder getätigt noch empfangen werden. Notrufe funktionieren weiter.",
    barred_outbound="Sie können noch Anrufe empfangen, aber keine tätigen. Notrufe funktionieren weiter.",
    restored_heading="Ihr Telefondienst funktioniert wieder",
    restored="Ihr Telefondienst ist wiederhergestellt: Anrufe können wieder getätigt und empfangen werden. Sie müssen"
    " nichts tun.",
    refund_subject="Erstattung von {amount}",
    refund_to_method="{provider} hat {amount} erstattet ({method}).",
    refund_to_credit="{provider} hat {amount} gutgeschrieben. Der Betrag wird mit Ihrer nächsten Rechnung verrechnet.",
    refund_days="Banken zeigen das meist nach 5 bis 10 Tagen. Sie müssen nichts tun.",
    refund_for="Die Erstattung betrifft {invoices}.",
    expiring_subject="{method} läuft ab: {expires}",
    expiring_heading="{method} läuft bald ab",
    expiring="{method} läuft Ende {expires} ab.",
    expiring_default="Das ist die Zahlungsart, die automatisch belastet wird. Fügen Sie den Ersatz vorher unter"
    " Zahlungsarten hinzu und machen Sie ihn zum Standard, damit keine Zahlung fehlschlägt.",
    expiring_other="Fügen Sie den Ersatz unter Zahlungsarten hinzu oder löschen Sie sie, wenn Sie sie nicht mehr nutzen.",
    plan_subject=Plural("Ihre Ratenzahlung: {count} Rate", "Ihre Ratenzahlung: {count} Raten"),
    plan_heading="Ihre Ratenzahlung",
    plan_agreed=Plural(
        "{provider} ist einverstanden, dass Sie {owed} in {count} Rate zahlen, am {last}.",
        "{provider} ist einverstanden, dass Sie {owed} in {count} Raten zahlen, die letzte am {last}.",
    ),
    plan_keeps="Solange jede Rate an ihrem Tag bezahlt wird, wird Ihr Telefondienst wegen dieser Rechnungen nicht gesperrt.",
    plan_breaks="Wird eine Rate versäumt, endet die Vereinbarung einen Tag später und der ganze Rest ist fällig.",
    broken_subject="Ihre Ratenzahlung ist beendet: {owed} sind fällig",
    broken_heading="Ihre Ratenzahlung ist beendet",
    broken=Plural(
        "Die Rate von {amount}, fällig am {day}, wurde nicht bezahlt; damit ist die Vereinbarung beendet.",
        "Mehrere Raten wurden nicht bezahlt, die erste von {amount} war am {day} fällig; damit ist die Vereinbarung"
        " beendet.",
    ),
    broken_next="{owed} sind jetzt fällig. Öffnen Sie die Abrechnung und drücken Sie Jetzt bezahlen, oder wenden Sie sich"
    " an {provider}, bevor der Dienst betroffen ist.",
    kept_subject="Ihre Ratenzahlung ist bezahlt",
    kept="Sie haben Ihre Ratenzahlung vollständig bezahlt, insgesamt {owed}. Vielen Dank. Sie müssen nichts tun.",
    cancelled_heading="Ihre Ratenzahlung ist aufgehoben",
    cancelled="{provider} hat Ihre Ratenzahlung aufgehoben. Es werden keine Raten mehr abgebucht.",
    cancelled_rest="Davon sind {owed} nicht bezahlt und nach den Rechnungen fällig. Öffnen Sie die Abrechnung und drücken"
    " Sie Jetzt bezahlen, oder wenden Sie sich an {provider}, bevor der Dienst betroffen ist.",
    refund_failed_subject="Ihre Erstattung von {amount} ist jetzt Guthaben",
    refund_failed="{provider} wollte {amount} erstatten, aber Ihre Bank hat das Geld nicht angenommen.",
    refund_failed_credit="Der Betrag bleibt als Guthaben stehen und wird mit Ihrer nächsten Rechnung verrechnet. Sie müssen"
    " nichts tun. Wenn Sie lieber eine Auszahlung möchten, wenden Sie sich an {provider}.",
    returned_subject="Ihre Bank hat die Zahlung von {amount} zurückgegeben",
    returned="Ihre Bank hat die Zahlung von {amount} zurückgegeben ({method}): Das Geld ist wieder bei Ihnen.",
    returned_open=Plural(
        "Rechnung {numbers} ist wieder offen. Zu zahlen sind {owed}.",
        "Die Rechnungen {numbers} sind wieder offen. Zu zahlen sind {owed}.",
    ),
    returned_next="Öffnen Sie die Abrechnung, drücken Sie Jetzt bezahlen und wählen Sie eine andere Zahlungsart, oder"
    " wenden Sie sich an {provider}, bevor der Dienst betroffen ist.",
    to_provider="Gesendet an die Rechnungsadresse von {provider}, weil es um Ihr Geld oder Ihren Kunden geht.",
    dispute_subject={
        "opened": "{tenant} bestreitet eine Zahlung von {amount}",
        "won": "Einspruch gewonnen: {tenant}, {amount}",
        "lost": "Einspruch verloren: {tenant}, {amount}",
    },
    dispute_heading={
        "opened": "Eine Zahlung von {amount} wird bestritten",
        "won": "{amount} gehören wieder Ihnen",
        "lost": "{amount} bleiben bei der Bank",
    },
    dispute_said={
        "opened": "Die Bank von {tenant} bestreitet eine Zahlung von {amount} ({method}). Sie hat das Geld zurückgeholt.",
        "won": "Die Bank von {tenant} hat für Sie entschieden: Zahlung von {amount} ({method}). Sie gibt das Geld zurück.",
        "lost": "Die Bank hat für {tenant} entschieden: Zahlung von {amount} ({method}). Das Geld kommt nicht zurück.",
    },
    dispute_invoices={
        "opened": Plural(
            "Rechnung {numbers} ist wieder offen. Bis zur Entscheidung der Bank wird für sie weder erinnert noch gesperrt.",
            "Die Rechnungen {numbers} sind wieder offen. Bis zur Entscheidung der Bank wird für sie weder erinnert noch"
            " gesperrt.",
        ),
        "won": Plural(
            "Rechnung {numbers} gilt wieder als bezahlt.",
            "Die Rechnungen {numbers} gelten wieder als bezahlt.",
        ),
        "lost": Plural(
            "Rechnung {numbers} bleibt offen; Erinnerungen und Sperrung gehen weiter.",
            "Die Rechnungen {numbers} bleiben offen; Erinnerungen und Sperrung gehen weiter.",
        ),
    },
    dispute_next={
        "opened": "Reichen Sie Belege im Dashboard von Stripe ein, das den Grund der Bank und die Frist zeigt, oder erkennen"
        " Sie den Einspruch dort an.",
        "won": "Sie müssen nichts tun.",
        "lost": "Klären Sie mit Ihrem Kunden, wie gezahlt wird, oder stellen Sie eine Gutschrift aus, wenn nicht gezahlt"
        " werden soll.",
    },
    termination_subject="{tenant}: Vertrag beenden?",
    termination_heading="Den Vertrag mit {tenant} beenden?",
    termination="{tenant} ist bei der letzten Stufe Ihrer Mahnungen angekommen. Der Telefondienst ist gesperrt, und es ist"
    " weiter nicht bezahlt.",
    termination_owed=Plural(
        "Rechnung {numbers} war am {day} fällig; offen sind {owed}.",
        "Die Rechnungen {numbers} sind offen, insgesamt {owed}; die älteste war am {day} fällig.",
    ),
    termination_next="Von selbst geschieht nichts: Schließen Sie den Mandanten, wenn der Vertrag enden soll, sonst vereinbaren"
    " Sie Raten oder lassen Sie ihn gesperrt.",
    alert_subject="{percent} % verbraucht: {what}",
    alert_minutes="Ihre enthaltenen Minuten",
    alert_spend="Ihr Kostenhinweis",
    alert_limit="Ihre Kostengrenze",
    alert_used="{what}: {used} von {limit} sind verbraucht, das sind {percent} %.",
    alert_minutes_over="Minuten über die enthaltenen hinaus werden nach Ihrem Tarif berechnet.",
    alert_limit_reached="Kostenpflichtige ausgehende Anrufe sind angehalten, damit keine unerwarteten Kosten entstehen."
    " Eingehende Anrufe und Notrufe funktionieren. Wenden Sie sich an {provider}, um die Grenze anheben oder aufheben zu"
    " lassen.",
    alert_until="Der Abrechnungszeitraum endet am {day}.",
    unusual_subject="Ungewöhnliche Auslandsgespräche heute",
    unusual="Auslandsgespräche kamen heute auf {used}; für Sie üblich sind bis zu {limit}.",
    unusual_next="Wenn Sie das nicht erwartet haben, prüfen Sie jetzt Ihre Nebenstellen auf Missbrauch und wenden Sie sich"
    " an {provider}.",
    minutes="{number} Min.",
)
