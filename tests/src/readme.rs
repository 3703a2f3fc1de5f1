let finch = Finch::open(http, path, key).await?; // credentials, a file, the key that seals it
let acme = CustomerScope::new("acme".parse()?); // from your own session, never from the request

let request = ConnectRequest::new("Acme Inc", vec![Product::Company], Flow::Embedded);
let begun = finch.begin_connect(&acme, request).await?; // send the person to begun.connect_url
let code = finch_connect(&begun).await?;                // and Finch Connect comes back with a code
let connected = finch.complete_connect(&acme, begun.state, code).await?;

let id = connected.connection_id;
let token = finch.access_token(&acme, &id, &[Product::Company]).await?;
call_finch(token.secret).await?;                        // as the Bearer token, and nowhere else

let plan = finch.plan_disconnect(&acme, id).await?;     // what would it hit?
let outcome = finch.disconnect(&acme, plan).await?;     // until Finch has refused every token
