//! `spellhost-peer-files FOLDER` prints its address, then serves the folder's files with tower-http's `ServeDir` and
//! nothing else.

use axum::Router;
use axum::serve::ListenerExt as _;
use tower_http::services::ServeDir;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("spellhost-peer-files FOLDER")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        // As the host does; without it an answer in two parts waits for the other side.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, Router::new().fallback_service(ServeDir::new(folder))).await?;
        Ok(())
    })
}
