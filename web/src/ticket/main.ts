// The ticket's page and the mailbox need styles of their own and no script; this makes the build emit them as ticket.css.
import "./ticket.css";
