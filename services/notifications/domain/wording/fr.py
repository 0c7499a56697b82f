"""The mails in French."""

from services.notifications.domain.wording.texts import Buttons, Kinds, Labels, Plural, Texts

TEXTS = Texts(
    language="fr",
    greeting="Bonjour {name},",
    questions="Une question sur cette facture ? Écrivez à {provider} :",
    phone="ou appelez le",
    sent_by="{provider} envoie ce message parce qu’il facture votre service téléphonique.",
    kinds=Kinds("carte", "compte bancaire", "virement", "chèque", "espèces", "paiement"),
    invoices=Plural("facture {numbers}", "factures {numbers}"),
    labels=Labels(
        invoice="Facture",
        invoice_number="Facture {number}",
        owed_row="Facture {number}, échéance {day}",
        issued="Émise le",
        total="Total",
        credit_used="Avoir en compte utilisé",
        amount_due="Montant dû",
        due="Échéance",
        paid="Payé",
        date="Date",
        method="Moyen de paiement",
        still_due="Reste à payer, facture {number}",
        account_credit="Avoir en compte",
        amount="Montant",
        suspension="Suspension",
        suspended_since="Suspendu depuis",
        restored="Rétabli",
        instalment="Échéance du {day}",
        missed="Manquée le {day}",
        used="Utilisé",
        limit="Limite",
        expires="Expire",
        reason="Motif",
    ),
    buttons=Buttons(
        view_invoice="Voir la facture",
        open_billing="Ouvrir la facturation",
        view_history="Voir les paiements",
        pay_now="Payer maintenant",
        payment_methods="Ouvrir les moyens de paiement",
    ),
    settled_subject="Facture {number} : rien à payer",
    settled_heading="Rien à payer",
    settled="Votre facture {number} de {total} est réglée. Vous n’avez rien à faire.",
    small_subject="Facture {number} : {balance}, encaissée avec la prochaine",
    small_heading="{balance} passe sur votre prochaine facture",
    small="Votre facture {number} de {balance} est trop petite pour être payée par carte. Elle sera encaissée avec votre"
    " prochaine facture. Vous n’avez rien à faire.",
    issued_subject="Facture {number} : {balance} à payer au plus tard le {due}",
    issued_heading="{balance} à payer au plus tard le {due}",
    issued="Votre facture {number} de {provider} est prête. {balance} est à payer au plus tard le {due}.",
    how_to_pay="Si le paiement automatique est activé, votre moyen de paiement par défaut est débité maintenant et vous"
    " n’avez rien à faire. Sinon, ouvrez la facturation et cliquez sur Payer maintenant.",
    attached="La facture est jointe en PDF.",
    receipt_subject="Reçu : {amount} payé à {provider}",
    receipt_heading="{amount} payé",
    received="Merci. {provider} a reçu {amount} ({method}).",
    amount_paid="{amount} payé.",
    of_invoice="Facture {number} :",
    overdue_since="{lead} {left} reste en retard depuis le {due}.",
    still_due="{lead} {left} reste à payer au plus tard le {due}.",
    surplus="{credit} dépasse ce que vous deviez. Ce montant reste en avoir sur votre compte et sera déduit de votre"
    " prochaine facture.",
    in_full=Plural("{invoices} est entièrement payée.", "{invoices} sont entièrement payées."),
    failures={
        "no_funds": "Votre banque a refusé {method} : provision insuffisante. Aucun montant n’a été débité. Choisissez un"
        " autre moyen de paiement ou un montant plus petit, puis cliquez sur Payer.",
        "expired": "{method} a expiré. Aucun montant n’a été débité. Ajoutez une carte ou choisissez un autre moyen de"
        " paiement.",
        "declined": "Votre banque a refusé {method}. Aucun montant n’a été débité. Choisissez un autre moyen de paiement ou"
        " appelez votre banque.",
        "authentication": "Votre banque vous demande de confirmer ce paiement. Aucun montant n’a été débité. Ouvrez la"
        " facturation, cliquez sur Payer maintenant et suivez les étapes de votre banque.",
        "no_method": "Il n’y a aucun moyen de paiement à débiter. Aucun montant n’a été débité. Ajoutez une carte ou un"
        " compte bancaire, puis cliquez sur Payer.",
        "other": "Le paiement ({method}) n’a pas abouti. Aucun montant n’a été débité. Cliquez sur Payer pour réessayer, ou"
        " choisissez un autre moyen de paiement.",
    },
    retry="Nous réessaierons le {day}. Si vous payez avant, nous ne le ferons pas.",
    no_retry="Le paiement automatique ne réessaiera pas de lui-même : merci de payer depuis la facturation.",
    keeps_failing="Si l’échec persiste, contactez {provider} : une vérification auprès de leur service de paiement peut être"
    " nécessaire.",
    failed_subject="Échec du paiement de {amount}{about} : aucun montant débité",
    failed_about=" ({invoices})",
    failed_heading="Votre paiement de {amount} a échoué",
    due_reminder="{owed} à payer au plus tard le {day}",
    today_reminder="{owed} à payer aujourd’hui",
    overdue_reminder="{owed} en retard",
    subject_of_reminder="Rappel : {what}",
    group_due="{invoices} : {owed} à payer au plus tard le {day}.",
    group_today="{invoices} : {owed} à payer aujourd’hui, {day}.",
    unpaid=Plural(
        "La facture {numbers} était due le {day} et n’a pas été payée.",
        "Les factures {numbers} n’ont pas été payées ; la plus ancienne était due le {day}.",
    ),
    owe="Vous devez {owed}.",
    will_suspend="Votre service téléphonique sera suspendu le {day} en l’absence de paiement. Pour l’éviter, payez {owed}"
    " avant cette date.",
    need_time="Ouvrez la facturation et cliquez sur Payer maintenant. S’il vous faut plus de temps, contactez {provider}"
    " avant : {before}.",
    before_service="suspension du service",
    already_paid="Si vous avez payé entre-temps, vous n’avez rien à faire.",
    suspended="Votre service téléphonique est suspendu",
    suspended_subject="Votre service téléphonique est suspendu : payez {owed} pour le rétablir",
    suspended_unpaid="Votre service téléphonique est suspendu. {unpaid} Payez {owed} pour rétablir le service ; les appels"
    " fonctionnent en général de nouveau en quelques minutes.",
    suspended_by_hand="Votre service téléphonique est suspendu. {provider} l’a arrêté ; contactez {provider} pour le"
    " rétablir.",
    suspended_by_limit="Votre service téléphonique est suspendu parce que la consommation a atteint sa limite, afin d’éviter"
    " tout coût imprévu. Contactez {provider} pour faire relever ou lever la limite.",
    barred_both="Il n’est possible ni d’appeler ni de recevoir d’appels. Les appels d’urgence fonctionnent toujours.",
    barred_outbound="Vous pouvez encore recevoir des appels, mais pas en passer. Les appels d’urgence fonctionnent"
    " toujours.",
    restored_heading="Votre service téléphonique fonctionne de nouveau",
    restored="Votre service téléphonique est rétabli : vous pouvez de nouveau appeler et recevoir des appels. Vous n’avez"
    " rien à faire.",
    refund_subject="Remboursement de {amount}",
    refund_to_method="{provider} a remboursé {amount} ({method}).",
    refund_to_credit="{provider} vous a crédité de {amount}. Ce montant sera déduit de votre prochaine facture.",
    refund_days="Les banques l’affichent en général sous 5 à 10 jours. Vous n’avez rien à faire.",
    refund_for="Ce remboursement concerne : {invoices}.",
    expiring_subject="{method} expire {expires}",
    expiring_heading="{method} expire bientôt",
    expiring="{method} expire à la fin de {expires}.",
    expiring_default="C’est le moyen de paiement que le paiement automatique débite. Ajoutez son remplacement dans Moyens de"
    " paiement et définissez-le par défaut avant cette date, pour qu’aucun paiement n’échoue.",
    expiring_other="Ajoutez son remplacement dans Moyens de paiement, ou supprimez-le si vous ne l’utilisez plus.",
    plan_subject=Plural(
        "Votre plan de paiement : {count} échéance", "Votre plan de paiement : {count} échéances"
    ),
    plan_heading="Votre plan de paiement",
    plan_agreed=Plural(
        "{provider} accepte que vous payiez {owed} en {count} échéance, le {last}.",
        "{provider} accepte que vous payiez {owed} en {count} échéances, la dernière le {last}.",
    ),
    plan_keeps="Tant que chaque échéance est payée à sa date, votre service téléphonique n’est pas suspendu pour ces"
    " factures.",
    plan_breaks="Si une échéance est manquée, le plan prend fin un jour plus tard et tout le reste est dû.",
    broken_subject="Votre plan de paiement a pris fin : {owed} à payer",
    broken_heading="Votre plan de paiement a pris fin",
    broken=Plural(
        "L’échéance de {amount} du {day} n’a pas été payée ; le plan a donc pris fin.",
        "Plusieurs échéances n’ont pas été payées, la première de {amount} le {day} ; le plan a donc pris fin.",
    ),
    broken_next="{owed} est dû maintenant. Ouvrez la facturation et cliquez sur Payer maintenant, ou contactez {provider}"
    " avant que le service ne soit touché.",
    proposal_subject="Mettre fin au contrat avec {tenant} ? {owed} impayés",
    proposal_heading="Mettre fin au contrat avec {tenant} ?",
    proposal="{tenant} est suspendu depuis le {day} et doit encore {owed}. Vos règles de suspension proposent"
    " de mettre fin au contrat maintenant.",
    proposal_next="Rien ne se passe automatiquement : {tenant} reste suspendu, et le service revient dès que"
    " tout est payé. Mettez fin au contrat, convenez d’un paiement échelonné ou attendez.",
    alert_subject="{percent} % utilisés : {what}",
    alert_minutes="vos minutes incluses",
    alert_spend="votre alerte de dépenses",
    alert_limit="votre limite de dépenses",
    alert_used="Vous avez utilisé {used} sur {limit}, soit {percent} % ({what}).",
    alert_minutes_over="Les minutes au-delà du forfait sont facturées selon votre formule.",
    alert_limit_reached="Les appels sortants payants sont arrêtés afin d’éviter tout coût imprévu. Les appels entrants et les"
    " appels d’urgence fonctionnent. Contactez {provider} pour faire relever ou lever la limite.",
    alert_until="La période de facturation se termine le {day}.",
    unusual_subject="Appels internationaux inhabituels aujourd’hui",
    unusual="Les appels internationaux ont atteint {used} aujourd’hui ; l’usage habituel va jusqu’à {limit}.",
    unusual_next="Si vous ne vous y attendiez pas, vérifiez dès maintenant vos postes et contactez {provider}.",
    minutes="{number} min",
)
