"""The mails in French."""

from services.notifications.domain.wording.texts import Buttons, Kinds, Labels, Plural, Texts

TEXTS = Texts(
    language="fr",
    greeting="Bonjour {name},",
    questions="Une question sur cette facture\u00a0? Écrivez à {provider}\u00a0:",
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
        customer="Client",
        fee="Frais de la banque",
        returned="Rejeté",
    ),
    buttons=Buttons(
        view_invoice="Voir la facture",
        open_billing="Ouvrir la facturation",
        view_history="Voir les paiements",
        pay_now="Payer maintenant",
        payment_methods="Ouvrir les moyens de paiement",
    ),
    settled_subject="Facture {number}\u00a0: rien à payer",
    settled_heading="Rien à payer",
    settled="Votre facture {number} de {total} est réglée. Vous n’avez rien à faire.",
    small_subject="Facture {number}\u00a0: {balance}, encaissée avec la prochaine",
    small_heading="{balance} passe sur votre prochaine facture",
    small="Votre facture {number} de {balance} est trop petite pour être payée par carte. Elle sera encaissée avec votre"
    " prochaine facture. Vous n’avez rien à faire.",
    issued_subject="Facture {number}\u00a0: {balance} à payer au plus tard le {due}",
    issued_heading="{balance} à payer au plus tard le {due}",
    issued="Votre facture {number} de {provider} est prête. {balance} est à payer au plus tard le {due}.",
    how_to_pay="Si le paiement automatique est activé, votre moyen de paiement par défaut est débité maintenant et vous"
    " n’avez rien à faire. Sinon, ouvrez la facturation et cliquez sur Payer maintenant.",
    attached="La facture est jointe en PDF.",
    receipt_subject="Reçu\u00a0: {amount} payé à {provider}",
    receipt_heading="{amount} payé",
    received="Merci. {provider} a reçu {amount} ({method}).",
    amount_paid="{amount} payé.",
    of_invoice="Facture {number}\u00a0:",
    overdue_since="{lead} {left} reste en retard depuis le {due}.",
    still_due="{lead} {left} reste à payer au plus tard le {due}.",
    surplus="{credit} dépasse ce que vous deviez. Ce montant reste en avoir sur votre compte et sera déduit de votre"
    " prochaine facture.",
    in_full=Plural("{invoices} est entièrement payée.", "{invoices} sont entièrement payées."),
    failures={
        "no_funds": "Votre banque a refusé {method}\u00a0: provision insuffisante. Aucun montant n’a été débité. Choisissez un"
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
    no_retry="Le paiement automatique ne réessaiera pas de lui-même\u00a0: merci de payer depuis la facturation.",
    keeps_failing="Si l’échec persiste, contactez {provider}\u00a0: une vérification auprès de leur service de paiement peut être"
    " nécessaire.",
    failed_subject="Échec du paiement de {amount}{about}\u00a0: aucun montant débité",
    failed_about=" ({invoices})",
    failed_heading="Votre paiement de {amount} a échoué",
    due_reminder="{owed} à payer au plus tard le {day}",
    today_reminder="{owed} à payer aujourd’hui",
    overdue_reminder="{owed} en retard",
    subject_of_reminder="Rappel\u00a0: {what}",
    group_due="{invoices}\u00a0: {owed} à payer au plus tard le {day}.",
    group_today="{invoices}\u00a0: {owed} à payer aujourd’hui, {day}.",
    unpaid=Plural(
        "La facture {numbers} était due le {day} et n’a pas été payée.",
        "Les factures {numbers} n’ont pas été payées\u00a0; la plus ancienne était due le {day}.",
    ),
    owe="Vous devez {owed}.",
    will_suspend="Votre service téléphonique sera suspendu le {day} en l’absence de paiement. Pour l’éviter, payez {owed}"
    " avant cette date.",
    need_time="Ouvrez la facturation et cliquez sur Payer maintenant. S’il vous faut plus de temps, contactez {provider}"
    " avant\u00a0: {before}.",
    before_service="suspension du service",
    already_paid="Si vous avez payé entre-temps, vous n’avez rien à faire.",
    suspended="Votre service téléphonique est suspendu",
    suspended_subject="Votre service téléphonique est suspendu\u00a0: payez {owed} pour le rétablir",
    suspended_unpaid="Votre service téléphonique est suspendu. {unpaid} Payez {owed} pour rétablir le service\u00a0; les appels"
    " fonctionnent en général de nouveau en quelques minutes.",
    suspended_by_hand="Votre service téléphonique est suspendu. {provider} l’a arrêté\u00a0; contactez {provider} pour le"
    " rétablir.",
    suspended_by_limit="Votre service téléphonique est suspendu parce que la consommation a atteint sa limite, afin d’éviter"
    " tout coût imprévu. Contactez {provider} pour faire relever ou lever la limite.",
    barred_both="Il n’est possible ni d’appeler ni de recevoir d’appels. Les appels d’urgence fonctionnent toujours.",
    barred_outbound="Vous pouvez encore recevoir des appels, mais pas en passer. Les appels d’urgence fonctionnent"
    " toujours.",
    restored_heading="Votre service téléphonique fonctionne de nouveau",
    restored="Votre service téléphonique est rétabli\u00a0: vous pouvez de nouveau appeler et recevoir des appels. Vous n’avez"
    " rien à faire.",
    refund_subject="Remboursement de {amount}",
    refund_to_method="{provider} a remboursé {amount} ({method}).",
    refund_to_credit="{provider} vous a crédité de {amount}. Ce montant sera déduit de votre prochaine facture.",
    refund_days="Les banques l’affichent en général sous 5 à 10 jours. Vous n’avez rien à faire.",
    refund_for="Ce remboursement concerne\u00a0: {invoices}.",
    expiring_subject="{method} expire {expires}",
    expiring_heading="{method} expire bientôt",
    expiring="{method} expire à la fin de {expires}.",
    expiring_default="C’est le moyen de paiement que le paiement automatique débite. Ajoutez son remplacement dans Moyens de"
    " paiement et définissez-le par défaut avant cette date, pour qu’aucun paiement n’échoue.",
    expiring_other="Ajoutez son remplacement dans Moyens de paiement, ou supprimez-le si vous ne l’utilisez plus.",
    plan_subject=Plural(
        "Votre plan de paiement\u00a0: {count} échéance", "Votre plan de paiement\u00a0: {count} échéances"
    ),
    plan_heading="Votre plan de paiement",
    plan_agreed=Plural(
        "{provider} accepte que vous payiez {owed} en {count} échéance, le {last}.",
        "{provider} accepte que vous payiez {owed} en {count} échéances, la dernière le {last}.",
    ),
    plan_keeps="Tant que chaque échéance est payée à sa date, votre service téléphonique n’est pas suspendu pour ces"
    " factures.",
    plan_breaks="Si une échéance est manquée, le plan prend fin un jour plus tard et tout le reste est dû.",
    broken_subject="Votre plan de paiement a pris fin\u00a0: {owed} à payer",
    broken_heading="Votre plan de paiement a pris fin",
    broken=Plural(
        "L’échéance de {amount} du {day} n’a pas été payée\u00a0; le plan a donc pris fin.",
        "Plusieurs échéances n’ont pas été payées, la première de {amount} le {day}\u00a0; le plan a donc pris fin.",
    ),
    broken_next="{owed} est dû maintenant. Ouvrez la facturation et cliquez sur Payer maintenant, ou contactez {provider}"
    " avant que le service ne soit touché.",
    kept_subject="Votre plan de paiement est soldé",
    kept="Vous avez payé votre plan de paiement jusqu’au bout, {owed} au total. Merci. Vous n’avez rien à faire.",
    cancelled_heading="Votre plan de paiement est annulé",
    cancelled="{provider} a annulé votre plan de paiement. Aucune échéance ne sera plus débitée.",
    cancelled_rest="Il reste {owed} à payer, aux dates des factures. Ouvrez la facturation et cliquez sur Payer maintenant,"
    " ou contactez {provider} avant que le service ne soit touché.",
    refund_failed_subject="Votre remboursement de {amount} devient un avoir en compte",
    refund_failed="{provider} a voulu vous rembourser {amount}, mais votre banque n’a pas accepté l’argent.",
    refund_failed_credit="Ce montant reste en avoir sur votre compte et sera déduit de votre prochaine facture. Vous n’avez"
    " rien à faire. Si vous préférez un versement, contactez {provider}.",
    returned_subject="Votre banque a rejeté le paiement de {amount}",
    returned="Votre banque a rejeté le paiement de {amount} ({method})\u00a0: l’argent vous a été rendu.",
    returned_open=Plural(
        "La facture {numbers} est de nouveau ouverte. Reste à payer\u00a0: {owed}.",
        "Les factures {numbers} sont de nouveau ouvertes. Reste à payer\u00a0: {owed}.",
    ),
    returned_next="Ouvrez la facturation, cliquez sur Payer maintenant et choisissez un autre moyen de paiement, ou contactez"
    " {provider} avant que le service ne soit touché.",
    to_provider="Envoyé à l’adresse de facturation de {provider}, car il s’agit de votre argent ou de votre client.",
    dispute_subject={
        "opened": "{tenant} conteste un paiement de {amount}",
        "won": "Contestation gagnée\u00a0: {tenant}, {amount}",
        "lost": "Contestation perdue\u00a0: {tenant}, {amount}",
    },
    dispute_heading={
        "opened": "Un paiement de {amount} est contesté",
        "won": "{amount} vous revient",
        "lost": "{amount} reste à la banque",
    },
    dispute_said={
        "opened": "La banque de {tenant} conteste un paiement de {amount} ({method}). Elle a repris l’argent.",
        "won": "La banque de {tenant} vous a donné raison pour le paiement de {amount} ({method}). Elle rend l’argent.",
        "lost": "La banque a donné raison à {tenant} pour le paiement de {amount} ({method}). L’argent ne reviendra pas.",
    },
    dispute_invoices={
        "opened": Plural(
            "La facture {numbers} est de nouveau ouverte. Ni rappel ni suspension pour elle avant la décision de la banque.",
            "Les factures {numbers} sont de nouveau ouvertes. Ni rappel ni suspension pour elles avant la décision de la"
            " banque.",
        ),
        "won": Plural(
            "La facture {numbers} compte de nouveau comme payée.",
            "Les factures {numbers} comptent de nouveau comme payées.",
        ),
        "lost": Plural(
            "La facture {numbers} reste ouverte\u00a0; rappels et suspension reprennent.",
            "Les factures {numbers} restent ouvertes\u00a0; rappels et suspension reprennent.",
        ),
    },
    dispute_next={
        "opened": "Déposez des preuves dans le tableau de bord de Stripe, qui montre le motif de la banque et le délai, ou"
        " acceptez-y la contestation.",
        "won": "Vous n’avez rien à faire.",
        "lost": "Convenez avec votre client de la façon de payer, ou émettez un avoir si rien ne doit être payé.",
    },
    termination_subject="{tenant}\u00a0: mettre fin au contrat\u00a0?",
    termination_heading="Mettre fin au contrat avec {tenant}\u00a0?",
    termination="{tenant} est à la dernière étape de vos relances. Son service téléphonique est suspendu et rien n’a été payé"
    " depuis.",
    termination_owed=Plural(
        "La facture {numbers} était due le {day}\u00a0; reste à payer\u00a0: {owed}.",
        "Les factures {numbers} sont ouvertes, {owed} au total\u00a0; la plus ancienne était due le {day}.",
    ),
    termination_next="Rien ne se fait tout seul\u00a0: fermez ce client si le contrat doit prendre fin, sinon convenez d’un plan de"
    " paiement ou laissez-le suspendu.",
    alert_subject="{percent} % utilisés\u00a0: {what}",
    alert_minutes="vos minutes incluses",
    alert_spend="votre alerte de dépenses",
    alert_limit="votre limite de dépenses",
    alert_used="Vous avez utilisé {used} sur {limit}, soit {percent} % ({what}).",
    alert_minutes_over="Les minutes au-delà du forfait sont facturées selon votre formule.",
    alert_limit_reached="Les appels sortants payants sont arrêtés afin d’éviter tout coût imprévu. Les appels entrants et les"
    " appels d’urgence fonctionnent. Contactez {provider} pour faire relever ou lever la limite.",
    alert_until="La période de facturation se termine le {day}.",
    unusual_subject="Appels internationaux inhabituels aujourd’hui",
    unusual="Les appels internationaux ont atteint {used} aujourd’hui\u00a0; l’usage habituel va jusqu’à {limit}.",
    unusual_next="Si vous ne vous y attendiez pas, vérifiez dès maintenant vos postes et contactez {provider}.",
    minutes="{number} min",
)
