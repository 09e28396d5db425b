//! The whole system, as its users meet it: one file per kind of user, or of trouble.

mod agent_killed;
mod auditing;
mod bad_messages;
mod bad_orders;
mod broker_hung;
mod broker_restarted;
mod by_demand;
mod cables;
mod configuration;
mod contract;
mod controller;
mod dashboard;
mod foreign_broker;
mod full_disk;
mod installing;
mod monitoring;
mod operator;
mod relay;
mod stopping;
mod tapping;
mod tls;
mod unread_log;
mod users;
