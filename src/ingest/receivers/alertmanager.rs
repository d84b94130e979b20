//! `POST /api/v2/alerts`, as Prometheus and Alertmanager know it.
