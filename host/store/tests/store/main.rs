//! The store from outside: what it keeps, and what it does when the disk or the process fails.

mod archives;
mod child;
mod contents;
mod damage;
mod deeds;
mod disks;
mod full;
mod garbage;
mod kills;
mod logs;
mod opening;
mod power;
mod publishing;
