"""Writes clients.jsonl: requests of Microsoft's own clients, one a line: method, URL, headers and body. Nothing is sent.

pip install azure-storage-blob==12.31.1 azure-data-tables==12.7.0 azure-keyvault-secrets==4.12.0 azure-keyvault-keys==4.11.3
            azure-mgmt-compute==39.0.0 azure-mgmt-resource==26.0.0
python clients.py > clients.jsonl
"""
import json, sys
from azure.core.pipeline.transport import HttpTransport
from azure.core.credentials import AccessToken
out=[]
class Stop(Exception): pass
class T(HttpTransport):
    def __init__(s): pass
    def __enter__(s): return s
    def __exit__(s,*a): pass
    def open(s): pass
    def close(s): pass
    def send(s, request, **k):
        body=request.body if hasattr(request,'body') else request.data
        if body is None: body=b''
        if hasattr(body,'read'): body=body.read()
        if isinstance(body,bytes): body=body.decode('utf-8','replace')
        if not isinstance(body,str): body=str(body)
        h={a.lower():b for a,b in request.headers.items() if a.lower() in('content-type','if-match','if-none-match') or a.lower().startswith('x-ms-') and a.lower() not in('x-ms-date','x-ms-client-request-id','x-ms-return-client-request-id','x-ms-version')}
        out.append([request.method,request.url,h,body])
        raise Stop()
class C:
    def get_token(s,*a,**k): return AccessToken('x',9999999999)
kw=dict(credential=C(),transport=T(),retry_total=0)
def go(f):
    try:
        r=f()
        if hasattr(r,'__next__') or hasattr(r,'by_page'): next(iter(r))
    except Stop: pass
    except Exception as e:
        if 'Stop' not in repr(e) and not isinstance(e.__cause__,Stop): print(repr(e)[:200],file=sys.stderr)
from azure.storage.blob import BlobServiceClient
b=BlobServiceClient('https://acct.blob.core.windows.net',**kw)
c=b.get_container_client('con'); x=c.get_blob_client('Dir/a b.txt')
go(lambda:b.list_containers()); go(lambda:c.list_blobs(name_starts_with='Dir/')); go(lambda:c.walk_blobs()); go(lambda:c.create_container()); go(lambda:c.delete_container()); go(lambda:c.get_container_properties())
go(lambda:x.upload_blob(b'abc')); go(lambda:x.upload_blob(b'abc',overwrite=True,tags={'a':'b'})); go(lambda:x.download_blob()); go(lambda:x.delete_blob()); go(lambda:x.get_blob_properties()); go(lambda:x.exists())
go(lambda:x.start_copy_from_url('https://acct.blob.core.windows.net/con/other')); go(lambda:x.set_blob_metadata({'a':'b'})); go(lambda:x.set_standard_blob_tier('Cool')); go(lambda:x.acquire_lease()); go(lambda:x.stage_block('aa',b'x')); go(lambda:x.commit_block_list([])); go(lambda:x.get_blob_tags()); go(lambda:x.create_snapshot())
from azure.data.tables import TableServiceClient,TableClient
t=TableServiceClient('https://acct.table.core.windows.net',**kw); n=t.get_table_client('People')
go(lambda:t.create_table('People')); go(lambda:t.delete_table('People')); go(lambda:t.list_tables())
e={'PartitionKey':'p','RowKey':"r'/x",'a':1}
go(lambda:n.create_entity(e)); go(lambda:n.upsert_entity(e)); go(lambda:n.update_entity(e)); go(lambda:n.delete_entity('p',"r'/x")); go(lambda:n.get_entity('p','r')); go(lambda:n.query_entities("a eq 1")); go(lambda:n.submit_transaction([('create',e),('upsert',e),('delete',e)]))
from azure.keyvault.secrets import SecretClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient
s=SecretClient('https://vault1.vault.azure.net',**kw); k=KeyClient('https://vault1.vault.azure.net',**kw)
go(lambda:s.get_secret('a')); go(lambda:s.set_secret('a','b')); go(lambda:s.list_properties_of_secrets()); go(lambda:s.begin_delete_secret('a')); go(lambda:s.update_secret_properties('a')); go(lambda:s.backup_secret('a'))
go(lambda:k.get_key('a')); go(lambda:k.create_rsa_key('a')); go(lambda:k.list_properties_of_keys()); go(lambda:k.rotate_key('a')); go(lambda:k.update_key_properties('a'))
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
m=ComputeManagementClient(subscription_id='0b1f6471-1bf0-4dda-aec3-cb9272f09590',**kw); r=ResourceManagementClient(subscription_id='0b1f6471-1bf0-4dda-aec3-cb9272f09590',**kw)
go(lambda:m.virtual_machines.get('G','v',expand='instanceView')); go(lambda:m.virtual_machines.list_all()); go(lambda:m.virtual_machines.list('G')); go(lambda:m.virtual_machines.begin_start('G','v')); go(lambda:m.virtual_machines.begin_delete('G','v',force_deletion=True))
go(lambda:m.virtual_machines.begin_create_or_update('G','v',{'location':'w','properties':{'networkProfile':{'networkInterfaces':[{'id':'/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/G/providers/Microsoft.Network/networkInterfaces/n'}]}}}))
go(lambda:r.resource_groups.list()); go(lambda:r.resource_groups.create_or_update('G',{'location':'w'})); go(lambda:r.resource_groups.begin_delete('G')); go(lambda:r.resource_groups.check_existence('G')); go(lambda:r.resources.list()); go(lambda:r.resources.list_by_resource_group('G')); go(lambda:r.providers.get('Microsoft.Compute'))
for o in out: print(json.dumps(o))
